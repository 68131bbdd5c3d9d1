"""The way down: what the cells of SCHE_STOP and STOPPING do."""

from __future__ import annotations

from enve_pm.core import failing, following, making, running, states
from enve_pm.core.unitstate import OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit


def abandon(board: Board, unit: Unit, _: Any) -> None:
    """Stop while STARTING: a process now, and a stage, which may take hours and can be cut off at
    any time; any other make is let finish, a wait for the lock ends."""
    if unit.checked and not (following.stage(unit) and unit.run):
        if not unit.run:
            running.note_reason(board, unit)
            finish(board, unit)
        return
    running.note_reason(board, unit)
    stop(board, unit)


def back(board: Board, unit: Unit, _: Any) -> None:
    """It may stay after all: untouched."""
    if unit.stuck:
        unit.result = OK
    unit.renew = unit.stuck = False
    board.enter(unit, states.RUNNING)
    running.watch(board, unit)
    if unit.reloads:
        running.reload(board, unit, None)


def descend(board: Board, unit: Unit, _: Any) -> None:
    """No dependent is in the way."""
    running.note_reason(board, unit)
    stop(board, unit)


def stop(board: Board, unit: Unit) -> None:
    """Ask the process to go; or undo the resource, once its check is out of the way."""
    assert unit.active is not None  # noqa: S101
    unit.killed = 0
    unit.again, unit.grace_due = False, -1
    board.enter(unit, states.STOPPING)
    board.kill_side(unit)
    if unit.active.undoes and not unit.doom:
        unit.todo = states.UNDO
    board.arm(unit, unit.active.stop_timeout)
    if unit.pid and unit.run:
        _ask(board, unit)
    _proceed(board, unit)


def repay(board: Board, unit: Unit) -> None:
    """Undo what was made once, and may be there though the unit is down."""
    unit.active = unit.owed
    stop(board, unit)


def _ask(board: Board, unit: Unit) -> None:
    assert unit.active is not None  # noqa: S101
    unit.killed = 1
    board.signal(unit, unit.active.stop_signal, tree=False)


def begun(board: Board, unit: Unit, pid: int) -> None:
    """The process exists only now: what was to be done to it follows."""
    running.take_pid(board, unit, pid)
    if unit.killed >= 2:
        board.signal(unit, "KILL", tree=True)
    elif unit.step != states.UNDO:
        _ask(board, unit)


def asked(board: Board, unit: Unit, _: Any) -> None:
    """A start is asked for: if the stop is that of a failure, the next start is not given up."""
    unit.streak = 0


def ended(board: Board, unit: Unit, code: int) -> None:
    """The process is gone, or the undo has ended."""
    if unit.step == states.UNDO and code != 0:
        result = failing.TIMEOUT if unit.killed >= 2 else failing.result_of(code)
        _not_undone(board, unit, result)
    else:
        if unit.step == states.UNDO:
            unit.owed = None
        _proceed(board, unit)


def unborn(board: Board, unit: Unit, reason: str) -> None:
    """It never came to be: for a process this is its end, an undo has failed."""
    if unit.step == states.UNDO:
        _not_undone(board, unit, reason)
    else:
        _proceed(board, unit)


def beside(board: Board, unit: Unit, _: Any) -> None:
    """The step beside it is gone."""
    _proceed(board, unit)


def _proceed(board: Board, unit: Unit) -> None:
    if unit.busy:
        return
    assert unit.active is not None  # noqa: S101
    if unit.todo:
        unit.todo, unit.killed = "", 0
        board.spawn(unit, states.UNDO)
        board.arm(unit, unit.active.stop_timeout)
    elif unit.doom:
        state = states.STARTING_FAIL if unit.up_at < 0 else states.FAIL
        failing.fail(board, unit, state, unit.doom, unit.detail)
    else:
        finish(board, unit)


def again(board: Board, unit: Unit, _: Any) -> None:
    """A restart is asked for during the stop: this stop will do for it."""
    if unit.doom and unit.up_at >= 0:
        unit.again = True  # it fails all the same, but is not waited for afterwards
        return
    unit.doom = ""
    unit.renew = True
    board.tell(unit)


def finish(board: Board, unit: Unit) -> None:
    """Down, in order."""
    if unit.stuck:
        unit.renew = False
    else:
        unit.result = failing.TIMEOUT if unit.killed >= 2 else OK
    unit.detail = unit.doom = unit.stale = ""
    unit.again = unit.behind = unit.reloads = False
    unit.follows = ""
    unit.due, unit.up_at, unit.sick = -1, -1, 0
    unit.active, unit.pid = None, 0
    board.enter(unit, states.STOPPED)
    making.release(board, unit)


def escalate(board: Board, unit: Unit, _: Any) -> None:
    """It did not go: kill all of it; it did not die: others go on without it."""
    if unit.killed >= 2:
        unit.left = unit.want == states.DOWN and states.UNDO in (unit.todo, unit.step)
        detail = f"pid {unit.pid} did not die"
        failing.enter(board, unit, states.FAIL, failing.UNKILLABLE, detail)
        return
    unit.killed = 2
    if unit.run:
        board.signal(unit, "KILL", tree=True)
    board.kill_side(unit)
    board.arm(unit, board.timing.kill)


def died(board: Board, unit: Unit, code: int) -> None:
    """The process went by itself while its dependents were still to stop."""
    if unit.side:
        stop(board, unit)
        return
    finish(board, unit)
    if not unit.stuck:
        unit.result = failing.result_of(code)


def quiet(board: Board, unit: Unit, code: int) -> None:
    """A reload or a check has ended while the unit waits for its dependents."""
    unit.side_due = -1
    if unit.side_step == states.RELOAD_STEP:
        unit.behind = code != 0
        running.freshen(board, unit)


def _not_undone(board: Board, unit: Unit, result: str) -> None:
    """If it is wanted again the next check decides; else the failure stays to be seen."""
    unit.left = unit.want == states.DOWN
    failing.fail(board, unit, states.FAIL, result, "undo")
