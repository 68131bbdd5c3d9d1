"""The way up: what the cells of STOPPED, SCHE_START and STARTING do."""

from __future__ import annotations

from enve_pm.core import failing, making, running, situation, states, stopping, vitals
from enve_pm.core.change import change_class
from enve_pm.core.unit import PROCESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

ANNOUNCED = ("pidfile", "notify", "fd")


# -- STOPPED, SCHE_START --------------------------------------------------------------------------
def climb(board: Board, unit: Unit, _: Any) -> None:
    """It is wanted: wait for what it needs. What was made by other parameters goes first."""
    if unit.rest:
        return
    unit.stuck = False
    if unit.owed is not None and change_class(unit.owed, unit.spec) == states.RESTART:
        stopping.repay(board, unit)
    else:
        board.enter(unit, states.SCHE_START)


def strand(board: Board, unit: Unit, _: Any) -> None:
    """A need is missing or has failed: stay down, keep the want."""
    if unit.rest:
        return
    reason = situation.cause(board, unit)
    if reason and reason != unit.result:
        unit.result = reason
        board.show(unit)
    if not unit.stuck:
        unit.stuck, unit.renew = True, False
        board.tell(unit)
    if unit.state != states.STOPPED:
        board.enter(unit, states.STOPPED)


def awaken(board: Board, unit: Unit, _: Any) -> None:
    """Somebody asks for a start."""
    unit.rest = unit.stuck = False
    unit.streak = 0
    board.mark(unit)


def lie(board: Board, unit: Unit, _: Any) -> None:
    """It is down and not wanted; if it is being removed, this is the end."""
    unit.rest = unit.stuck = unit.again = False
    if unit.removing and unit.owed is None:
        board.remove(unit)


def settle(board: Board, unit: Unit, _: Any) -> None:
    """It is down and not wanted, nor is what it made."""
    if unit.owed is None:
        lie(board, unit, _)
    else:
        stopping.repay(board, unit)


def cancel(board: Board, unit: Unit, _: Any) -> None:
    """Nothing was spawned: down at once."""
    board.enter(unit, states.STOPPED)


def launch(board: Board, unit: Unit, _: Any) -> None:
    """All that it needs is there."""
    spec = unit.active = unit.spec
    unit.stale = states.FRESH
    unit.behind = unit.reloads = unit.again = unit.made = False
    unit.follows = ""
    unit.killed = 0
    unit.detail = ""
    board.enter(unit, states.STARTING)
    board.spawn(unit, states.CHECK if spec.checked else states.START)
    board.arm(unit, spec.start_timeout)


# -- STARTING -------------------------------------------------------------------------------------
def begun(board: Board, unit: Unit, pid: int) -> None:
    """The process exists: now its readiness."""
    running.take_pid(board, unit, pid)
    assert unit.active is not None  # noqa: S101
    if unit.active.kind != PROCESS:
        return
    ready = unit.active.ready
    if ready["how"] == "wait":
        if ready["ms"]:
            board.arm(unit, ready["ms"])
        else:
            running.rise(board, unit)
    elif ready["how"] in vitals.ASKED:
        unit.pause = board.timing.check_first
        probe(board, unit, None)


def announced(board: Board, unit: Unit, pid: int) -> None:
    """The shell has seen the pid file, the notification, or the sub-pm's answer."""
    assert unit.active is not None  # noqa: S101
    if unit.checked:
        return
    running.take_pid(board, unit, pid)
    if unit.active.kind != PROCESS or unit.active.ready["how"] in ANNOUNCED:
        running.rise(board, unit)


def probe(board: Board, unit: Unit, _: Any) -> None:
    """Ask whether it is ready; what pm asks itself gets no answer at some time."""
    unit.side_due = -1
    assert unit.active is not None  # noqa: S101
    if unit.side:
        board.kill_side(unit)
        return
    board.spawn_side(unit, states.CHECK)
    if vitals.describe(unit.active.ready):
        board.arm_side(unit, board.timing.check_limit)


def probed(board: Board, unit: Unit, code: int) -> None:
    """Ready, or ask again after a while that doubles."""
    if code == 0:
        running.rise(board, unit)
    else:
        _not_yet(board, unit)
        board.arm_side(unit, unit.pause)
        unit.pause = min(2 * unit.pause, board.timing.check_most)


def _not_yet(board: Board, unit: Unit) -> None:
    """What pm has asked itself is worth being told."""
    assert unit.active is not None  # noqa: S101
    what = vitals.describe(unit.active.ready)
    detail = f"{what}: {board.words or 'timeout'}" if what else ""
    if detail != unit.detail:
        unit.detail = detail
        board.show(unit)


def overdue(board: Board, unit: Unit, _: Any) -> None:
    """The wait is over and it still lives: ready. Else it took too long to start."""
    active = unit.active
    assert active is not None  # noqa: S101
    if active.kind == PROCESS and active.ready["how"] == "wait" and unit.pid:
        running.rise(board, unit)
    else:
        unit.doom = failing.TIMEOUT
        stopping.stop(board, unit)


def unborn(board: Board, unit: Unit, reason: str) -> None:
    """It could not be spawned."""
    assert unit.active is not None  # noqa: S101
    detail = failing.missed(unit.active, unit.step, reason)
    failing.fail(board, unit, states.STARTING_FAIL, reason, detail)


def ended(board: Board, unit: Unit, code: int) -> None:
    """A process is gone before it was ready; a resource goes on to its next step."""
    if not unit.checked:
        failing.fail(board, unit, states.STARTING_FAIL, failing.result_of(code))
    elif unit.step == states.MAKE and code == 0:
        making.verify(board, unit)
    elif unit.step == states.MAKE:
        failing.fail(board, unit, states.STARTING_FAIL, failing.result_of(code), "make")
    elif code == 0:
        running.rise(board, unit)
    else:
        _absent(board, unit, code)


def _absent(board: Board, unit: Unit, code: int) -> None:
    """The check says no."""
    assert unit.active is not None  # noqa: S101
    if not unit.made and situation.stop_reason(board, unit):
        running.note_reason(board, unit)
        stopping.finish(board, unit)
    elif unit.made or not unit.active.makes:
        detail = "check after make" if unit.made else "check, and there is no make"
        failing.fail(board, unit, states.STARTING_FAIL, failing.result_of(code), detail)
    else:
        making.make(board, unit)


def reload_later(board: Board, unit: Unit, _: Any) -> None:
    """It can be reloaded once it is up."""
    unit.reloads = True
