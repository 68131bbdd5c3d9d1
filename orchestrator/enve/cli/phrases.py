"""The words of events: lines for people, pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from enve.cli.color import SYMBOL_STYLE, Paint
from enve.core import grouping
from enve.core.printable import printable, printable_lines
from enve.model.report import Change, Difference, Outcome, Result

GOOD = ("changed", "unchanged", "pending", "skipped")
DONE = {"deploy": "deployed", "march": "applied"}  # what "changed" is called
# The answer is a text, under the address.
ASKED = ("cat", "list-dependencies", "logs", "shell", "why")
PROBLEM = {
    "failed": "failed on",
    "unreachable": "unreachable,",
    "refused": "refused by",
    "leased": "taken on",
    "rolled-back": "rolled back on",
    "deadline": "not finished on",
    "unexpected": "went wrong on",
}


def result(event: Result, width: int, paint: Paint, *, brief: bool = False) -> str:
    """`web01  pm 0.1.0 installed, 2 keyholes, 4 spots      0.9 s`. `brief`: the same screen tells
    the problem in full at the end."""
    good = event.outcome in GOOD
    said = event.detail or (event.problem.message if event.problem else event.outcome)
    detail = printable(grouping.without_place(event.node, said))
    if not good:
        outcome = paint("red", event.outcome)
        detail = outcome if brief and event.problem else f"{outcome}: {detail}"
    took = f"{event.seconds:.1f} s" if event.seconds else ""
    name = printable(event.address or event.node)
    return f"{name:<{width}}  {detail:<64} {took}".rstrip()


def answer(event: Result, paint: Paint) -> list[str]:
    """What a node was asked for, safe to print, under the address that it is about."""
    ended = f" {event.detail}" if event.status else ""
    head = paint("bold", f"==> {printable(event.address)} <==") + paint("red", ended)
    return [head, *_block(event.output), *_block(event.stderr)]


def _block(said: str) -> list[str]:
    text = said.removesuffix("\n").expandtabs()
    return [printable(line, limit=65536) for line in text.split("\n")] if text else []


def difference(event: Difference, paint: Paint) -> list[str]:
    """The title with its nodes, then a row for each change."""
    alike = " alike" if len(event.nodes) > 1 else ""
    nodes = printable(grouping.few(event.nodes)) + alike
    lines = [f"{printable(event.title):<47} {nodes}".strip()]
    width = max((len(change.name) for change in event.changes), default=0)
    for change in event.changes:
        lines.append(_change(change, max(16, min(width, 48)), paint))
        lines += [_diff_line(line, paint) for line in printable_lines(change.diff) if change.diff]
    return lines if event.changes else [f"{lines[0]}: up to date"]


def _change(change: Change, width: int, paint: Paint) -> str:
    symbol = paint(SYMBOL_STYLE.get(change.symbol, ""), f"{change.symbol:^3}")
    name, detail = printable(change.name), printable(change.detail)
    return f"  {symbol} {name:<{width}} {change.action:<9} {detail}".rstrip()


def _diff_line(line: str, paint: Paint) -> str:
    return f"        {paint({'+': 'green', '-': 'red', '@': 'cyan'}.get(line[:1], ''), line)}"


def problem(same: grouping.Same, of: tuple[int, str], paint: Paint) -> list[str]:
    """`refused by 3 of 3 nodes: ...`, who (unless all), why, and what to do."""
    total, what = of
    verb = paint("red", PROBLEM.get(same.outcome, same.outcome))
    count = f"{len(same.who)} of {total} {what}" if total > 1 else printable(same.who[0])
    lines = [f"{verb} {count}: {printable(same.problem.message)}"]
    if 1 < total != len(same.who):
        lines.append(f"  {printable(grouping.few(same.who, 12))}")
    lines += [f"  --> {printable(same.problem.where)}"] if same.problem.where else []
    lines += [f"  {printable(note)}" for note in same.problem.notes]
    return lines + ([f"  {printable(same.problem.hint)}"] if same.problem.hint else [])


def summary(command: str, results: Sequence[Result], total: int) -> str:
    """`3 deployed, 1 unchanged, 0 failed`; of a march: `applied 3 of 3   slowest web02 0.7 s`."""
    count = Counter(result.outcome for result in results)
    total = max(total, len({result.node for result in results}))  # a plan empties others, too
    if command in ASKED and not any(result.problem for result in results):
        return ""
    if command == "march":
        return _march(count, total) + _slowest(results)
    always: tuple[Outcome, ...] = ("changed", "unchanged", "failed")
    names = {"changed": DONE.get(command, "done")}
    shown = [*always, *(outcome for outcome in count if outcome not in always)]
    return ", ".join(f"{count[outcome]} {names.get(outcome, outcome)}" for outcome in shown)


def _march(count: Counter[Outcome], total: int) -> str:
    """`applied 3 of 3, 1 unchanged`; `changes are pending on 2 of 3`."""
    if count["pending"]:
        return f"changes are pending on {count['pending']} of {total}"
    same = f", {count['unchanged']} unchanged" if count["unchanged"] else ""
    return f"applied {count['changed'] + count['unchanged']} of {total}{same}"


def _slowest(results: Sequence[Result]) -> str:
    timed = [result for result in results if result.outcome == "changed" and result.seconds]
    if not timed:
        return ""
    last = max(timed, key=lambda result: result.seconds)
    return f"   slowest {printable(last.node)} {last.seconds:.1f} s"
