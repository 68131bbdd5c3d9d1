"""From what a node shows to the rows of a listing; pure.

Rows say what the node says. Where its pm is dead, the last states stand as such (`alive` False)
and a row of the node itself tells so; a node that could not be read is one row with its problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from enve import errors
from enve.core.grouping import many
from enve.core.placed import Placed, placed
from enve.core.published import Status, Sub, Unit
from enve.core.seen import Seen
from enve.model.report import Problem, Row
from enve_pm.core import address

NO_PM = Problem("pm is not installed", errors.FAILED, hint="enve-deploy installs it")
NO_STATES = Problem(
    "pm left no states, or they are not ours to read",
    errors.FAILED,
    hint="enve-deploy starts it; root may read them (-b), and the group pm-march",
)
DEAD = Problem(
    "pm is not running; its last states follow", errors.FAILED, hint="enve-deploy starts it"
)

OUTDATED = Problem(
    "its disk takes nothing more: these states are of an earlier moment",
    errors.FAILED,
    hint="free space on the node; what runs there goes on meanwhile",
)


NO_STATE = "in the plan, no state known"
ALIKE = 2000  # milliseconds that clocks may differ: a node tells its own in whole seconds


@dataclass(frozen=True, slots=True)
class _Node:
    """What all rows of one node share. `ahead`: our clock minus the node's, milliseconds; 0 where
    they go alike."""

    name: str
    ahead: int
    placed: Mapping[str, Placed]


def rows(name: str, seen: Seen, now: int) -> list[Row]:
    """All resources of one node. `now`: unix milliseconds on this machine."""
    if not seen.installed:
        return [trouble(name, NO_PM)]
    # Ages are right even where the node's clock is wrong; moments stay as they are where it is not.
    ahead = now - seen.now * 1000
    node = _Node(name, ahead if abs(ahead) > ALIKE else 0, placed(seen.lanes))
    found = list(_units(node, (), seen.status, seen.subs, seen.alive))
    listed = {row.spot for row in found}
    missing = [spot for spot in node.placed if spot not in listed]
    found += [_unreported(node, spot, removed=_removed(seen, spot)) for spot in missing]
    return [*_pm(name, seen, bool(found)), *found]


def trouble(node: str, problem: Problem) -> Row:
    """The one row of a node that could not be listed."""
    shown = address.format((node,))
    return Row(shown, node, detail=problem.message, kind="node", alive=False, problem=problem)


def _pm(node: str, seen: Seen, units: bool) -> Iterator[Row]:
    """A row for the node's own pm, where it has something to tell."""
    if seen.status is None:
        yield trouble(node, NO_STATES)
    elif not seen.alive:
        yield trouble(node, DEAD)
    elif seen.outdated:
        yield trouble(node, OUTDATED)
    elif not units:
        shown = address.format((node,))
        yield Row(shown, node, "RUNNING", pid=seen.status.pid, detail="pm, 0 units", kind="pm")


def _units(
    node: _Node, path: tuple[str, ...], status: Status | None, subs: Mapping[str, Sub], alive: bool
) -> Iterator[Row]:
    """The units of one pm, each sub-pm's units behind the sub-pm."""
    units = status.units if status else {}
    for name in [*units, *(sub for sub in subs if sub not in units)]:
        inner, inside = (*path, name), subs.get(name)
        if name in units:
            yield _row(node, address.format(inner), units[name], inside, alive)
        if inside is not None:
            yield from _units(node, inner, inside.status, inside.subs, alive and inside.alive)


def _row(node: _Node, spot: str, unit: Unit, inside: Sub | None, alive: bool) -> Row:
    plan = node.placed.get(spot, Placed())
    return Row(
        address=f"{address.format((node.name,))}.{spot}",
        node=node.name,
        state=unit.state,
        since=max(unit.since + node.ahead, 0) if unit.since else 0,
        restarts=unit.restarts,
        pid=unit.pid,
        detail=_detail(unit, inside, alive),
        kind=unit.kind,
        want=unit.want,
        spot=spot,
        commit=plan.commit,
        plan=plan.plan,
        key=plan.key,
        drift=unit.drift,
        alive=alive,
    )


def _detail(unit: Unit, inside: Sub | None, alive: bool) -> str:
    told = [
        _inside(inside) if unit.kind == "subpm" else "",
        unit.result if unit.result != "ok" else "",
        unit.detail,
        f"needs {unit.stale}" if unit.stale else "",
        (unit.why or "drift") if unit.drift else "",
        "" if alive else "(last known)",
    ]
    return "  ".join(filter(None, told))


def _inside(inside: Sub | None) -> str:
    if inside is None or inside.status is None:
        return "pm, nothing known of its units"
    count = len(inside.status.units)
    return f"pm, {many(count, 'unit')}"


def _removed(seen: Seen, spot: str) -> bool:
    """The plan is in force, and the living pm that would have the spot, or the sub-pm around it,
    has not: deploy took its place away."""
    plans = [lane for lane in seen.lanes.values() if spot in lane.hashes]
    if not seen.alive or any(lane.active != lane.serial for lane in plans):
        return False
    status, subs = seen.status, seen.subs
    for step in address.parse(spot):
        if status is None:
            return False
        if step not in status.units:
            return True
        inside = subs.get(step)
        if inside is None or not inside.alive:
            return False
        status, subs = inside.status, inside.subs
    return False


def _unreported(node: _Node, spot: str, *, removed: bool) -> Row:
    """A spot of the held plan of which no pm has told a state: its sub-pm never ran, or the
    blueprint has no room for it any more."""
    plan = node.placed[spot]
    return Row(
        address=f"{address.format((node.name,))}.{spot}",
        node=node.name,
        detail="removed: the blueprint does not allow it" if removed else NO_STATE,
        kind="removed" if removed else "",
        spot=spot,
        commit=plan.commit,
        plan=plan.plan,
        key=plan.key,
        alive=False,
    )
