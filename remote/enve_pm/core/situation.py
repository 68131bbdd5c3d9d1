"""Where a unit stands between its own want and its neighbours: one of five words.

GO    wanted up; nothing is missing (a unit that runs may stay as it is)
WAIT  wanted up; a need, or one that it comes after, is on its way
LOST  wanted up; a need is missing, failed or stays down
HALT  must not run; dependents still do
QUIT  must not run; no dependent does
Units that run are only told GO, HALT and QUIT; the others what is true of them.
"""

from __future__ import annotations

from enve_pm.core import following, states
from enve_pm.core.graph import AFTER, NEED
from enve_pm.core.unitstate import FAILED, LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

GO = "go"
WAIT = "wait"
LOST = "lost"
HALT = "halt"
QUIT = "quit"

# Why a unit that runs must stop though it may be wanted up.
UNWANTED = "unwanted"
AGAIN = "again"  # it is to be restarted
BACK = "back"  # a need goes down in order, and comes again
GONE = "gone"  # a need is lost

_STOPPING = frozenset((states.SCHE_STOP, states.STOPPING))
_ON_THE_WAY = frozenset((states.SCHE_START, states.STARTING))


def judge(board: Board, unit: Unit) -> str:
    """The word for the unit now. Starts or ends the grace of a unit that runs."""
    if unit.state == states.STOPPING:
        if unit.want == states.UP:
            return GO
    elif unit.state in LIVE:
        if not stop_reason(board, unit):
            return GO
    elif unit.want == states.UP:
        return _way_up(board, unit)
    return HALT if _is_used(board, unit) else QUIT


def stop_reason(board: Board, unit: Unit) -> str:
    """Why the unit, which runs, must stop; "" if it need not."""
    if unit.want == states.DOWN:
        return UNWANTED
    if unit.again:
        return AGAIN
    failing = False
    for name in unit.spec.needs if unit.unmet else ():
        need = board.units.get(name)
        if need is None:
            return GONE
        if need.state != states.RUNNING and not _excused(unit, need):
            if need.renew or need.state == states.SCHE_STOP or _stops_in_order(need):
                return BACK
            failing = True
    return _grace(board, unit) if failing else _unharmed(unit)


def cause(board: Board, unit: Unit) -> str:
    """The result of a unit whose need is lost: `missing:X` or `dependency:X`; "" if none is."""
    for name in unit.spec.needs:
        need = board.units.get(name)
        if need is None:
            return f"missing:{name}"
        down = unit.state in LIVE or _stays_down(need)
        if down and need.state != states.RUNNING and not _excused(unit, need):
            return f"dependency:{name}"
    return ""


def _grace(board: Board, unit: Unit) -> str:
    """A failed need has a while to come back."""
    if unit.grace_due < 0:
        board.arm_grace(unit)
    return GONE if unit.grace_due <= board.now else ""


def _unharmed(unit: Unit) -> str:
    unit.grace_due = -1
    return ""


def _way_up(board: Board, unit: Unit) -> str:
    if unit.unmet:
        if unit.stuck:
            return LOST
        needs = [board.units.get(name) for name in unit.spec.needs]
        lost = any(need is None or _stays_down(need) for need in needs)
        return LOST if lost else WAIT
    for name in unit.spec.after:
        other = board.units.get(name)
        if other is not None and _comes_up(other):
            return WAIT
    return GO


def _excused(unit: Unit, need: Unit) -> bool:
    """Whether the unit goes on while its need is restarted in order; what a stage has left lies
    there whatever becomes of the stage."""
    return following.stage(need) or (
        need.renew
        and need.want == states.UP
        and unit.spec.on_restart.get(need.name, "restart") != "restart"
    )


def _stops_in_order(need: Unit) -> bool:
    return need.state == states.STOPPING and not need.doom


def _stays_down(need: Unit) -> bool:
    if need.state in FAILED:
        return True
    return need.state == states.STOPPED and (need.stuck or need.rest or need.want == states.DOWN)


def _comes_up(other: Unit) -> bool:
    if other.state in _STOPPING:
        return other.want == states.UP
    return other.state in _ON_THE_WAY


def _is_used(board: Board, unit: Unit) -> bool:
    """Whether somebody who still runs must stop before the unit does."""
    users = board.users.get(unit.name)
    if not users:
        return False
    if unit.held and not unit.renew and not following.stage(unit):
        return True
    return any(_uses(board.units[name], kinds, unit) for name, kinds in users.items())


def _uses(user: Unit, kinds: int, unit: Unit) -> bool:
    if user.state not in LIVE or not kinds & (NEED | AFTER):
        return False
    if user.state in _STOPPING or user.want == states.DOWN or user.again:
        return True
    return bool(kinds & NEED) and not _excused(user, unit)
