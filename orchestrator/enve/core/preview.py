"""The difference that a march would make, node by node, and equal nodes shown once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from enve.core import stagechange, stagefollow
from enve.core.grouping import many
from enve.core.known import Known
from enve.core.linechange import changed, created, parse, removed
from enve.model.report import Change, Difference, Symbol
from enve_pm.core.address import leads

BY_HAND = "its want was set by hand"
ORDER: tuple[Symbol, ...] = ("+", "-/+", "~", ">", "<", "?", "-")


@dataclass(frozen=True, slots=True)
class Before:
    """What a node holds in the lane. `hashes`: name -> sha256 of its line; `lines`: those texts
    that we can read; `manual`: names whose want was set by hand."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    manual: Collection[str] = ()


class Preview:
    """Differences with the same helping knowledge; equal ones are worked out once."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._memo: dict[tuple[str, str, str], Change] = {}

    def changes(
        self, before: Before, wanted: Mapping[str, str], hashes: Mapping[str, str]
    ) -> tuple[Change, ...]:
        """One node's difference, by name. `wanted`, `hashes`: the new lines and their sha256."""
        if before.hashes == hashes and not before.manual:
            return ()
        rows = {}
        for name in {*before.hashes, *wanted}:
            if before.hashes.get(name) != hashes.get(name):
                rows[name] = self._one(name, before, wanted.get(name), hashes.get(name, ""))
        self._follow(rows, before, wanted)
        for name in before.manual:
            if leads(name, wanted):
                rows[name] = _drift(rows.get(name), name, wanted.get(name, "{}"))
        return tuple(rows[name] for name in sorted(rows))

    def _follow(self, rows: dict[str, Change], before: Before, wanted: Mapping[str, str]) -> None:
        """Add what stages that are made anew bring upon their spots."""
        made = [name for name in rows if self._remakes(name, before, wanted)]
        for spot, names in stagefollow.owners(made).items():
            line = parse(wanted.get(spot, "{}"))
            row = stagefollow.follow(spot, rows.get(spot), line, names)
            if row is not None and spot in wanted:
                rows[spot] = row

    def _remakes(self, name: str, before: Before, wanted: Mapping[str, str]) -> bool:
        if "!" not in name or name not in wanted:
            return False
        if name in before.hashes and name not in before.lines:
            return False
        return stagechange.remakes(parse(before.lines.get(name, "{}")), parse(wanted[name]))

    def _one(self, name: str, before: Before, text: str | None, digest: str) -> Change:
        if text is None:
            return removed(name)
        if name not in before.hashes:
            return created(name, text)
        if name not in before.lines:
            return Change("?", name, "", "differs; what it needs is known on the node")
        key = (name, before.hashes[name], digest)
        if key not in self._memo:
            old = parse(before.lines[name])
            self._memo[key] = changed(name, old, parse(text), self._known)
        return self._memo[key]


def _drift(change: Change | None, name: str, text: str) -> Change:
    """A want that somebody set by hand, and that the march sets back; `change`: what else would
    change about the line. Where the plan's want changes it becomes the one by hand."""
    if change is not None:
        if change.symbol in "<>":
            return change
        detail = ", ".join(filter(None, (change.detail, BY_HAND)))
        return replace(change, detail=detail, by_hand=True)
    if parse(text).get("want", "up") == "up":
        return Change(">", name, "start", BY_HAND, by_hand=True)
    return Change("<", name, "stop", BY_HAND, by_hand=True)


def group(
    order: Iterable[str], by_node: Mapping[str, tuple[Change, ...]], titles: Mapping[str, str]
) -> list[Difference]:
    """Nodes with the same difference once, in the order of their first node."""
    alike: dict[tuple[str, tuple[Change, ...]], list[str]] = {}
    for node in order:
        if node in by_node:
            title = titles.get(node, "") if by_node[node] else ""
            alike.setdefault((title, by_node[node]), []).append(node)
    return [Difference(tuple(nodes), rows, title) for (title, rows), nodes in alike.items()]


def footer(differences: Sequence[Difference]) -> str:
    """`Plan: 3 + 1 ~ on 42 nodes (7 groups alike); 2 nodes unchanged`."""
    moving = [one for one in differences if one.changes]
    still = sum(len(one.nodes) for one in differences if not one.changes)
    if not moving:
        return f"Plan: nothing to change on {many(still, 'node')}"
    count: Counter[str] = Counter()
    for one in moving:
        for row in one.changes:
            count[row.symbol] += len(one.nodes)
    words = [f"{count[symbol]} {symbol}" for symbol in ORDER if count[symbol]]
    text = f"Plan: {' '.join(words)} on {many(sum(len(one.nodes) for one in moving), 'node')}"
    if len(moving) > 1 or len(moving[0].nodes) > 1:
        text += f" ({many(len(moving), 'group')} alike)"
    return text + (f"; {many(still, 'node')} unchanged" if still else "")


def title(plan: str, serial: int, held: tuple[str, int, str, int] | None, now: int) -> str:
    """`shop #13 (held: #12 by alice, 2 h ago)`. `held`: plan, serial, signer, issued."""
    if held is None:
        return f"{plan} #{serial} (held: nothing)"
    before, number, signer, issued = held
    what = f"#{number}" if before == plan else f"{before} #{number}"
    by = f" by {signer}" if signer else ""
    return f"{plan} #{serial} (held: {what}{by}, {ago(now - issued)})"


def ago(seconds: int) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 d ago`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"
