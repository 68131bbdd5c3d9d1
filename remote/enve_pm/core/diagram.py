"""The page `docs/reference/states.md`, made from the table: `python -m enve_pm.core.diagram`."""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.transitions import EVENTS, NEVER, TABLE, stay

HEAD = """\
# States of a unit

Made from the table in `enve_pm/core/transitions.py`; do not edit by hand
(`PYTHONPATH=remote python -m enve_pm.core.diagram > docs/reference/states.md` writes it anew).

"""
WORDS = {
    states.STOPPED: "nothing runs; if it is wanted up it lost a need, or rests until it is woken",
    states.SCHE_START: "waits for what it needs and for what it comes after",
    states.STARTING: "its process, or its check and make, is under way to be ready",
    states.RUNNING: "ready",
    states.SCHE_STOP: "must stop; waits for its dependents to stop first",
    states.STOPPING: "is asked to stop, later killed; a resource is undone",
    states.STARTING_FAIL: "did not become ready; left after the back-off",
    states.FAIL: "was RUNNING and is gone, or could not be stopped; left after the back-off",
}


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join((*_states(), *_diagram(), *_events(), *_cells()))


def _states() -> list[str]:
    rows = [f"| `{state}` | {WORDS[state]} |" for state in states.STATES]
    return ["| state | meaning |", "|---|---|", *rows, ""]


def _diagram() -> list[str]:
    lines = ["## Diagram", "", "```mermaid", "stateDiagram-v2", "    [*] --> STOPPED"]
    for state in states.STATES:
        arrows: dict[str, list[str]] = {}
        for event in EVENTS:
            for to in TABLE[state][event].to:
                if to != state:
                    arrows.setdefault(to, []).append(event)
        lines += [f"    {state} --> {to}: {', '.join(words)}" for to, words in arrows.items()]
    return [*lines, "    STOPPED --> [*]: removed", "```", ""]


def _events() -> list[str]:
    rows = [f"| {event} | {text} |" for event, text in EVENTS.items()]
    return ["## Events", "", "| event | when |", "|---|---|", *rows, ""]


def _cells() -> list[str]:
    legend = "Every cell is decided: `.` nothing is done, `-` cannot happen (raises)."
    head = ["## Table", "", legend]
    columns = ["event", *states.STATES]
    lines = [*head, "", "| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for event in EVENTS:
        cells = [_cell(state, event) for state in states.STATES]
        lines.append("| " + " | ".join((event, *cells)) + " |")
    return [*lines, ""]


def _cell(state: str, event: str) -> str:
    cell = TABLE[state][event]
    if cell is NEVER:
        return "-"
    if cell.do is stay:
        return "."
    where = "" if cell.to == (state,) else ": " + " or ".join(cell.to)
    return f"{cell.do.__name__}{where}"


if __name__ == "__main__":
    print(page(), end="")
