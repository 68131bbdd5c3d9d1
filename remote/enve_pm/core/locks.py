"""`excl`: of the resources that name the same lock one makes at a time, in the order of asking."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit


def acquire(board: Board, unit: Unit) -> bool:
    """Whether the unit may make now; otherwise it stands in the queue."""
    excl = unit.spec.excl if unit.active is None else unit.active.excl
    if not excl:
        return True
    queue = board.locks.setdefault(excl, [])
    queue.append(unit.name)
    unit.lock = excl
    return queue[0] == unit.name


def holder(board: Board, unit: Unit) -> str:
    """Who makes while the unit waits."""
    return board.locks[unit.lock][0]


def release(board: Board, unit: Unit) -> Unit | None:
    """Leave the queue; gives the unit that may make now, if this lets one in."""
    excl, unit.lock = unit.lock, ""
    queue = board.locks.get(excl)
    if not queue:
        return None
    held = queue[0] == unit.name
    queue.remove(unit.name)
    if not queue:
        del board.locks[excl]
        return None
    return board.units[queue[0]] if held else None
