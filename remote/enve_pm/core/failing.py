"""STARTING_FAIL and FAIL: what a failure means, the delay before the next start, the way out."""

from __future__ import annotations

from enve_pm.core import making, states
from enve_pm.core.effects import OOM
from enve_pm.core.timing import backoff
from enve_pm.core.unitstate import OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unit import UnitSpec
    from enve_pm.core.unitstate import Unit

UNKILLABLE = "unkillable"
TIMEOUT = "timeout"
WAKE = "wake"


def result_of(code: int) -> str:
    """`exit:N`, or `signal:N` for a negative code, or `oom`."""
    if code == OOM:
        return "oom"
    return f"exit:{code}" if code >= 0 else f"signal:{-code}"


def missed(spec: UnitSpec, step: str, reason: str) -> str:
    """What `exec:ENOENT` and `cwd:ENOENT` alone do not say: the program that a step would have run,
    or the folder, as the plan calls them."""
    if reason.startswith("cwd:"):
        return spec.cwd
    if not reason.startswith("exec:"):
        return ""
    own = {states.CHECK: spec.check, states.UNDO: spec.undo, states.MAKE: spec.make}
    return "".join((own.get(step) or spec.command)[:1])


def fail(board: Board, unit: Unit, state: str, result: str, detail: str = "") -> None:
    """Enter a failed state and decide when, if ever, it is left without being asked."""
    params = unit.active or unit.spec
    again = unit.again
    # Who was not well any more has not lasted until now.
    lasted = (unit.well if unit.sick else board.now) - unit.up_at if unit.up_at >= 0 else -1
    enter(board, unit, state, result, detail)
    if again:
        board.at_once.append((unit, WAKE))
    elif unit.want == states.UP:
        _plan_restart(board, unit, params, lasted >= board.timing.long_run)
    unit.up_at = -1


def enter(board: Board, unit: Unit, state: str, result: str, detail: str) -> None:
    """Enter a failed state without a timer."""
    unit.result, unit.detail = result, board.told(detail)
    unit.again = unit.renew = unit.over = False
    unit.doom = unit.todo = ""
    unit.due, unit.sick = -1, 0
    board.kill_side(unit)
    _forget_run(unit)
    board.enter(unit, state)
    making.release(board, unit)


def _plan_restart(board: Board, unit: Unit, params: UnitSpec, lasted: bool) -> None:
    policy, most = params.restart, params.restart_max
    # A task, which the plan does not want up, has done its work also where it was faster than its
    # readiness: a timer has called it, or somebody started it by hand.
    task = bool(unit.called) or unit.planned == states.DOWN
    finished = unit.result == "exit:0" and (unit.state == states.FAIL or task)
    if policy == "never" or (policy == "on-failure" and finished):
        unit.rest = True
        if finished:
            unit.result = OK
            uncall(board, unit)
            board.at_once.append((unit, TIMEOUT))
        return
    unit.streak = 0 if lasted else unit.streak + 1
    if most and unit.streak > most:
        unit.rest = True
        unit.detail = f"gave up after {most} restarts"
    elif lasted:
        board.at_once.append((unit, TIMEOUT))
    else:
        board.arm(unit, backoff(board.timing, unit.streak))


def uncall(board: Board, unit: Unit) -> None:
    """The run that was called for is over: it is wanted as it was before."""
    if unit.called:
        unit.called = ""
        board.wants.append(unit)


def retry(board: Board, unit: Unit, _: Any) -> None:
    """The timeout of a failure: the next start, or rest."""
    if not unit.busy and unit.want == states.UP and not unit.rest:
        unit.restarts += 1
    leave(board, unit)


def leave(board: Board, unit: Unit) -> None:
    """To STOPPED, as soon as nothing of it runs any more."""
    unit.due = -1
    unit.over = unit.busy
    if not unit.busy:
        _forget_run(unit)
        board.enter(unit, states.STOPPED)


def drop(board: Board, unit: Unit, _: Any) -> None:
    """It is not wanted any more. What its undo left behind stays shown as a failure."""
    if not unit.left:
        leave(board, unit)


def recall(board: Board, unit: Unit, _: Any) -> None:
    """It is wanted again: what its undo left behind is no reason to stay down any more."""
    if unit.left:
        unit.left = False
        leave(board, unit)


def wake(board: Board, unit: Unit, _: Any) -> None:
    """Somebody asks for a start: at once, and the count of short runs begins anew."""
    unit.streak = 0
    unit.rest = unit.left = False
    leave(board, unit)


def reset(board: Board, unit: Unit, _: Any) -> None:
    """Forget the failure. Without a restart policy the unit then rests."""
    calm(board, unit, _)
    unit.result, unit.detail = OK, ""
    if unit.left:
        unit.left, unit.owed = False, None  # whoever says so has seen to what was left
    unit.rest = unit.spec.restart == "never"
    uncall(board, unit)
    leave(board, unit)


def calm(board: Board, unit: Unit, _: Any) -> None:
    """Forget how often it failed."""
    unit.restarts = unit.streak = 0
    board.show(unit)


def ended(board: Board, unit: Unit, _: Any) -> None:
    """What still ran when the unit failed is gone at last."""
    if unit.busy:
        return
    _forget_run(unit)
    board.show(unit)
    if unit.over or (unit.result == UNKILLABLE and not unit.left):
        retry(board, unit, _)


def _forget_run(unit: Unit) -> None:
    if not unit.busy:
        unit.owed = (unit.owed and unit.active) or unit.owed
        unit.active = None
        unit.stale = states.FRESH
        unit.behind = unit.reloads = False
        unit.pid = 0
