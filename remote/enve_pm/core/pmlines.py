"""The sub-pms that a blueprint lays out, as lines of units of the pm above them. A pm here is
`blueprint.Pm`, or what the controller has in its place."""

from __future__ import annotations

from enve_pm.core import graph, walls
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.unit import UnitSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence


def walled(pm: Any, needs: Sequence[str] = ()) -> dict[str, Any]:
    """The keys of a sub-pm's line that say of its walls, and what it needs then."""
    named = sorted({*needs, *pm.needs, *walls.needs(pm.walls)})
    return {**pm.walls, "needs": named} if named else dict(pm.walls)


def lines(tree: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """(address, line) of every sub-pm that is laid out, outer ones first: it runs, unless a plan
    says otherwise."""
    for name, pm in sorted(tree.pms.items()):
        steps = (*above, name)
        address = format_address(steps)
        yield address, _line(address, pm)
        yield from lines(pm, steps)


def _line(address: str, pm: Any) -> dict[str, Any]:
    line = {"v": 1, "name": address, "kind": "subpm", "mode": pm.mode, "want": "up"}
    if pm.user:
        line["user"] = pm.user
    return {**line, **walled(pm)}


def specs(tree: Any) -> dict[str, UnitSpec]:
    """Those lines as units, by their addresses."""
    return {name: UnitSpec.again(line, parse_address(name)[-1]) for name, line in lines(tree)}


def needs_flaw(pms: Mapping[str, Any], spots: Mapping[str, Any]) -> tuple[str, str] | None:
    """(pm, what is wrong with its `needs`): these name spots and pms beside it, and no circle."""
    for name, pm in pms.items():
        for other in pm.needs:
            if other == name or (other not in spots and other not in pms):
                return name, "no spot or pm %s beside it" % other
    circle = graph.find_cycle(_side_by_side(pms), sorted(pms))
    if circle:
        return circle[0], "pms wait for one another: " + " needs ".join(circle)
    return None


def _side_by_side(pms: Mapping[str, Any]) -> dict[str, UnitSpec]:
    return {name: UnitSpec.again(_line(name, pm), name) for name, pm in pms.items()}
