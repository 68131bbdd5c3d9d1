"""What a march decides before it signs: who leaves, who differs, whose clock or plan stands
against it. Everything here is a function of what the nodes showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from enve.errors import MissingError
from enve.model.march import SignedHead
from enve_pm.core.address import leads
from enve_pm.core.part import Part
from enve_pm.wire.record import Lane

CLOCK_OFF = 300  # seconds


@dataclass(frozen=True, slots=True)
class Holding:
    """What one reached node holds in the lane: a verified head, and the claim that fits it."""

    head: SignedHead
    claim: Lane


def leavers(
    holdings: Mapping[str, Holding], planned: Iterable[str], names: Iterable[str]
) -> list[str]:
    """Nodes that hold lines of these plans (ours, or the one that ours replaces) and are not
    planned for any more."""
    kept, ours = {*planned}, {*names}
    return sorted(
        node
        for node, held in holdings.items()
        if node not in kept and held.head.head.plan in ours and held.claim.hashes
    )


def foreign(
    holdings: Mapping[str, Holding], planned: Iterable[str], name: str
) -> dict[str, list[str]]:
    """Other plans whose lines ours would remove: their names, and the nodes that hold them."""
    found: dict[str, list[str]] = {}
    for node in sorted({*planned} & {*holdings}):
        held = holdings[node]
        if held.claim.hashes and held.head.head.plan != name:
            found.setdefault(held.head.head.plan, []).append(node)
    return found


def check_clock(clocks: Iterable[int], now: int) -> None:
    """Raises MissingError when our clock stands against that of most nodes (unix seconds)."""
    offsets = sorted(clock - now for clock in clocks)
    off = [offset for offset in offsets if abs(offset) > CLOCK_OFF]
    if len(off) * 2 > len(offsets):
        middle = offsets[len(offsets) // 2]
        raise MissingError(
            f"this machine's clock is {abs(middle)} s {'behind' if middle > 0 else 'ahead of'}"
            f" that of most nodes ({len(off)} of {len(offsets)}); nothing was signed",
            hint="set the clock: what is signed bears its time",
        )


def differs(part: Part, claim: Lane | None) -> bool:
    """Whether a node that holds `claim` has another leaf than `part`, or a want set by hand."""
    if claim is None:
        return True
    drift = any(leads(name, part.lines) for name in claim.manual)
    return drift or claim.header != part.header or claim.hashes != part.hashes
