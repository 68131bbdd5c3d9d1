"""RUNNING: what its cells do: reloads, rechecks, the beginning of a stop, the end of a process."""

from __future__ import annotations

from enve_pm.core import failing, following, making, situation, states, vitals
from enve_pm.core.change import change_class, strongest
from enve_pm.core.graph import NEED
from enve_pm.core.unit import LOADER
from enve_pm.core.unitstate import OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

DRIFT = "drift"  # the detail of one that is not any more what it was made to be


def rise(board: Board, unit: Unit) -> None:
    """It is up."""
    renewed, unit.renew = unit.renew and not unit.again, unit.again
    unit.due = unit.side_due = -1
    unit.up_at = unit.well = board.now
    unit.sick = 0
    unit.result, unit.detail = OK, ""
    board.enter(unit, states.RUNNING)
    making.owe(unit)
    making.release(board, unit)
    watch(board, unit)
    if following.stage(unit):
        _made(board, unit)
    elif renewed:
        _reload_users(board, unit)
    follow(board, unit)
    if unit.reloads:
        reload(board, unit, None)


def _made(board: Board, unit: Unit) -> None:
    """A stage is there; who has to follow does."""
    users = following.users(board, unit)
    for user in users if unit.made else ():
        following.note(unit, user)
    for user in users:
        follow(board, user)


def follow(board: Board, unit: Unit) -> None:
    """What it owes to stages that were made anew, if it is time for that."""
    word = following.due(board, unit)
    if word == states.RELOAD:
        reload(board, unit, None)
    elif word:
        again(board, unit, None)


def watch(board: Board, unit: Unit) -> None:
    """Set the time of the next check."""
    pace = vitals.pace(unit.active) if unit.active is not None else 0
    unit.due = -1
    if pace:
        board.arm(unit, pace)
    elif unit.sick:
        unit.sick = 0
        unit.result, unit.detail = OK, ""
        board.show(unit)


def take_pid(board: Board, unit: Unit, pid: int) -> None:
    """The number of the main process (0 says nothing new)."""
    if pid and pid != unit.pid:
        unit.pid = pid
        board.show(unit)


def reload(board: Board, unit: Unit, _: Any) -> None:
    """Take the newest files in without a restart; several requests at once are one."""
    if unit.side:
        begun_now = unit.side_step == states.RELOAD_STEP and unit.side > board.runs_before
        unit.reloads = unit.reloads or not begun_now
        return
    unit.reloads = False
    assert unit.active is not None  # noqa: S101
    if change_class(unit.active, unit.spec) in (states.LIVE, states.RELOAD):
        unit.active = unit.spec
    if unit.active.reload:
        board.spawn_side(unit, states.RELOAD_STEP)
        board.arm_side(unit, unit.active.start_timeout)
    elif unit.behind:
        again(board, unit, None)  # what the last reload has not brought in, a restart does


def check(board: Board, unit: Unit, _: Any) -> None:
    """Ask whether a resource is still there, or a process well."""
    unit.due = -1
    assert unit.active is not None  # noqa: S101
    if not unit.side and (unit.checked or unit.active.health):
        board.spawn_side(unit, states.CHECK if unit.checked else states.HEALTH)
        board.arm_side(unit, vitals.limit(unit.active))


def beside(board: Board, unit: Unit, code: int) -> None:
    """A reload or a check has ended."""
    unit.side_due = -1
    if unit.side_step == states.RELOAD_STEP:
        unit.behind = code != 0
        unit.detail = f"reload: {failing.result_of(code)}" if code else ""
        freshen(board, unit)
        if unit.due < 0:
            watch(board, unit)
    elif not _rechecked(board, unit, code):
        return
    catch_up(board, unit)


def catch_up(board: Board, unit: Unit) -> None:
    """A reload was asked for while something else was under way."""
    if unit.reloads:
        reload(board, unit, None)


def _rechecked(board: Board, unit: Unit, code: int) -> bool:
    """Whether the unit goes on: it is as it was made, or its drift is only reported."""
    assert unit.active is not None  # noqa: S101
    if code and unit.active.heals:
        failing.fail(board, unit, states.FAIL, failing.result_of(code), DRIFT)
        return False
    what = "" if unit.active.kind == LOADER else DRIFT
    unit.result, unit.detail = (failing.result_of(code), board.told(what)) if code else (OK, "")
    board.show(unit)
    watch(board, unit)
    return True


def freshen(board: Board, unit: Unit) -> None:
    """Compute anew what brings the newest parameters into force."""
    if unit.active is None:
        return
    unit.stale = change_class(unit.active, unit.spec)
    if unit.behind:
        unit.stale = strongest(unit.stale, states.RELOAD)
    board.show(unit)


def hung(board: Board, unit: Unit, _: Any) -> None:
    """A reload or a check takes too long."""
    board.kill_side(unit)


def again(board: Board, unit: Unit, _: Any) -> None:
    """A restart is asked for."""
    if not unit.renew:
        board.tell(unit)
    unit.again = unit.renew = True
    board.mark(unit)


def ended(board: Board, unit: Unit, code: int) -> None:
    """The process is gone."""
    failing.fail(board, unit, states.FAIL, failing.result_of(code))


def sink(board: Board, unit: Unit, _: Any) -> None:
    """It must stop: first its dependents."""
    note_reason(board, unit)
    unit.due = -1
    board.enter(unit, states.SCHE_STOP)


def note_reason(board: Board, unit: Unit) -> None:
    """Remember what will be after the stop."""
    reason = situation.stop_reason(board, unit)
    unit.renew = reason in (situation.AGAIN, situation.BACK)
    unit.stuck = reason == situation.GONE
    if unit.stuck:
        unit.result = situation.cause(board, unit) or unit.result


def _reload_users(board: Board, unit: Unit) -> None:
    """Dependents that answer the restart of their need by a reload."""
    users = board.users.get(unit.name, {})
    for user in sorted((board.units[n] for n in users), key=lambda u: u.index):
        answer = user.spec.on_restart.get(unit.name)
        if answer == "reload" and users[user.name] & NEED and user.state == states.RUNNING:
            reload(board, user, None)
