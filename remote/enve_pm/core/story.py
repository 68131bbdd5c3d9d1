"""The story of a state as text for people: what `pm why` and `enve why` print. Pure.

{"v": 1, "alive": bool, "chain": [{"unit", "relation", *UNIT}], "job": {...} | None,
 "log": [TEXT], "made": the install that the last of the chain runs on, "" none,
 "plan": TEXT, "where": TEXT, "signer": TEXT}   the last three: where known
"""

from __future__ import annotations

from shlex import quote

from enve_pm.core import address, states
from enve_pm.core.unit import LOADER, STAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What is told of each unit of the chain.
UNIT = ("kind", "state", "want", "why", "result", "since", "restarts", "pid", "detail", "drift")
SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))
MISSES = ("exec:ENOENT", "exec:ENOTDIR", "cwd:ENOENT", "exec:EACCES")  # of a program that is gone
LABEL = 6  # columns
OWN = ("the stage's own work",)  # in the place of a command that tells nobody anything
LONGEST = 200  # characters of a command


def lines(story: dict[str, Any], now: int, program: str = "pm") -> list[str]:
    """One screen. `now`: UNIX ms; `program`: by which the reader gives orders."""
    chain = story["chain"]
    told = [_unit(link, depth, now) for depth, link in enumerate(chain)]
    if not story.get("alive", True):
        told.append("  pm itself is not running: these are its last states")
    told += _rows(_facts(story, now))
    return told + _rows([("next", _advice(chain[-1], story, program))])


def _unit(link: dict[str, Any], depth: int, now: int) -> str:
    lead = "  " * depth + (f"{link['relation']} " if link["relation"] else "")
    if not link["state"]:
        return f"{lead}{link['unit']}  (missing)"
    words = [link["state"], _since(link, now), _result(link), link.get("detail") or ""]
    return f"{lead}{link['unit']}  " + "  ".join(filter(None, words))


def _since(link: dict[str, Any], now: int) -> str:
    since = link.get("since") or 0
    return f"for {span(now - since)}" if since else ""


def _result(link: dict[str, Any]) -> str:
    result = link.get("result") or ""
    restarts = link.get("restarts") or 0
    told = result if result != "ok" else ""
    times = "1 restart" if restarts == 1 else f"{restarts} restarts"
    return told + (f" ({times})" if told and restarts else "")


def _facts(story: dict[str, Any], now: int) -> list[tuple[str, str]]:
    rows = [("want", _want(story["chain"][-1]))]
    job = story.get("job")
    if job:
        own = story["chain"][-1].get("kind") == STAGE
        rows.append(("ran", _job({**job, "command": OWN} if own else job, now)))
        rows += [("said", line) for line in job["message"].splitlines()[:3]]
    rows += [("log", line) for line in story.get("log", ())]
    for label in ("plan", "where", "signer"):
        rows.append((label, story.get(label, "")))
    return rows


def _want(link: dict[str, Any]) -> str:
    if not link["state"]:
        return "no unit bears this name: a plan has to place it"
    why = link.get("why") or ""
    return f"{link.get('want')}, by {why}" if why else str(link.get("want"))


def _job(job: dict[str, Any], now: int) -> str:
    command = _one_line(" ".join(job["command"]))
    step = f" ({job['step']})" if job["step"] not in ("", states.START) else ""
    if job["code"] is None:
        return f"{command}{step}: since {span(job.get('lasted') or now - job['wall'])}"
    lasted, ago = job.get("lasted") or job["ended"] - job["wall"], now - job["ended"]
    return f"{command}{step}: {ending(job['code'])} after {span(lasted)}, {span(ago)} ago"


def _one_line(text: str) -> str:
    """A script's lines after one another, as far as they go."""
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 3] + "..."


def ending(code: int) -> str:
    """`ended with 1`, `ended by signal 9`."""
    return f"ended with {code}" if code >= 0 else f"ended by signal {-code}"


def _advice(link: dict[str, Any], story: dict[str, Any], program: str) -> str:
    def order(verb: str) -> str:
        return "%s %s %s" % (program, verb, quote(link["unit"]))

    if not link["state"]:
        return "add it to the plan, or take it out of `needs`"
    if link.get("kind") == LOADER and link.get("result") not in ("ok", "", None):
        return "it is tried again; to look now: " + order("recheck")
    if link["state"] in (states.FAIL, states.STARTING_FAIL):
        made = story.get("made") or ""
        misses = made and str(link.get("result")).startswith(MISSES)
        return _laying(link["unit"], made, program) if misses else _mending(link, order)
    if str(link.get("detail") or "").startswith(states.RELOAD_STEP + ": "):
        return "it runs by its old config: mend the new one and march, or try again now: " + order(
            "reload"
        )
    if link.get("want") == states.DOWN and str(link.get("why", "")).startswith("manual"):
        return "it was stopped by hand: start it, or march to set it back"
    return ""


def _laying(unit: str, made: str, program: str) -> str:
    """What lies there is not what its install has laid: its mark alone does not say so."""
    verify = "pm stages verify --forget"
    if program != "pm":
        verify = f"{program} shell {quote(address.parse(unit)[0])} -- {verify}"
    return (
        f"its program is missing. What was installed may differ: {verify} names it and has it "
        f"laid again, by {program} recheck {quote(made)}"
    )


def _mending(link: dict[str, Any], order: Callable[[str], str]) -> str:
    if link["state"] == states.FAIL and link.get("want") == states.DOWN:
        return f"mend it, and try again: {order('stop')}; or leave it: {order('reset-failed')}"
    if str(link.get("detail") or "").partition(":")[0] == states.UNDO:
        return (
            "what an earlier line made is to be undone first: mend that, and restart; or take it "
            "out of the plan, reset-failed, and march it anew"
        )
    return "mend it and march, or try again now: " + order("restart")


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    """Equal labels are written once."""
    told, last = [], ""
    for label, text in rows:
        if text:
            told.append(f"  {label if label != last else '':<{LABEL}}  {text}")
            last = label
    return told


def span(ms: int) -> str:
    """A span of time in one unit: `45 s`, `3 h`; `0.2 s` below a second."""
    for length, unit in SPANS:
        if ms >= length:
            return f"{ms // length} {unit}"
    return f"{max(0, ms) / 1000:.1f} s"
