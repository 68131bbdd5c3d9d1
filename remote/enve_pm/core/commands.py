"""What people and plans ask for: changes of wants and parameters, and requests for the table."""

from __future__ import annotations

from enve_pm.core import effects, running, states, transitions
from enve_pm.core.change import change_class
from enve_pm.core.graph import edges
from enve_pm.core.judge import PLAN
from enve_pm.core.unitstate import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unit import UnitSpec
    from enve_pm.core.unitstate import Unit

_RUNS = LIVE - {states.STOPPING}


def take(board: Board, event: Any) -> None:
    """Note the command: only wants, parameters and edges change here, no state."""
    note = _NOTES.get(type(event))
    if note is not None:
        unit = board.units.get(event.unit)
        if unit is not None or note is _define:
            note(board, unit, event)


def request(board: Board, events: list[Any]) -> None:
    """Let the table answer the commands, once all wants are known."""
    woken: set[str] = set()
    for event in events:
        unit = board.units.get(event.unit)
        if unit is not None:
            _request(board, unit, event, woken)


def _request(board: Board, unit: Unit, event: Any, woken: set[str]) -> None:
    if isinstance(event, effects.Apply):
        if unit.state in _RUNS:
            _apply(board, unit)
        else:
            _wake(board, unit, woken)
    elif isinstance(event, effects.Call) or (
        isinstance(event, effects.Want) and event.want == states.UP
    ):
        _wake(board, unit, woken)
    elif type(event) in _REQUESTS:
        transitions.fire(board, unit, _REQUESTS[type(event)])


def _wake(board: Board, unit: Unit, woken: set[str]) -> None:
    """Wake the unit and all that it needs: none of them rests or waits out its back-off."""
    stack = [unit]
    while stack:
        unit = stack.pop()
        if unit.name not in woken:
            woken.add(unit.name)
            transitions.fire(board, unit, transitions.WAKE)
            needs = map(board.units.get, unit.spec.needs)
            stack += [n for n in needs if n is not None and n.state not in _RUNS]


def _apply(board: Board, unit: Unit) -> None:
    """Bring it up to date by the class of its change."""
    if unit.stale == states.LIVE:
        unit.active = unit.spec
        running.freshen(board, unit)
        if unit.state == states.RUNNING and not unit.side:
            running.watch(board, unit)
        running.follow(board, unit)
    elif unit.stale == states.RELOAD:
        transitions.fire(board, unit, transitions.RELOAD)
    elif unit.stale == states.RESTART and unit.want == states.UP and not unit.called:
        transitions.fire(board, unit, transitions.RESTART)


def _define(board: Board, unit: Unit | None, event: Any) -> None:
    if unit is None:
        board.show(board.add(event.unit, event.spec))
        unit = board.units[event.unit]
        board.wants.append(unit)
        _found(board, unit)
    else:
        _redefine(board, unit, event.spec)
    if unit.removing:
        unit.removing = False
        board.wants.append(unit)
    running.freshen(board, unit)
    board.show(unit)
    board.mark(unit)


def _redefine(board: Board, unit: Unit, spec: UnitSpec) -> None:
    """Other parameters. How often it failed says nothing of what is another process now."""
    if change_class(unit.spec, spec) == states.RESTART:
        unit.restarts = 0
    if edges(unit.spec) == edges(spec):
        unit.spec = spec
    else:
        board.unlink(unit)
        unit.spec = spec
        board.link(unit)


def _found(board: Board, unit: Unit) -> None:
    """Dependents that missed the unit may wait for it now."""
    for name in board.users.get(unit.name, ()):
        user = board.units[name]
        user.stuck = user.stuck and user.state in LIVE
        board.mark(user)


def _owes(board: Board, unit: Unit, event: Any) -> None:
    unit.owed = event.spec
    board.mark(unit)


def _remove(board: Board, unit: Unit, _: Any) -> None:
    unit.removing, unit.called = True, ""
    board.wants.append(unit)
    board.mark(unit)


def _want(board: Board, unit: Unit, event: Any) -> None:
    unit.asked, unit.asked_why = event.want, event.why
    unit.by_hand = event.why != PLAN
    if event.why == PLAN:
        unit.planned = event.want
    if event.want == states.UP or event.why != PLAN or unit.rest:
        unit.called = ""  # a march ends no run that a timer has begun, but a failed one is over
    unit.rest = unit.rest and event.want == states.UP
    board.wants.append(unit)
    board.show(unit)


def _call(board: Board, unit: Unit, event: Any) -> None:
    if unit.asked == states.DOWN:
        unit.called = event.why
        board.wants.append(unit)
        board.show(unit)


def _restart(board: Board, unit: Unit, event: Any) -> None:
    if unit.asked == states.DOWN and not (unit.hard or unit.called):
        _want(board, unit, effects.Want(unit.name, states.UP, event.why))


_NOTES: dict[type, Callable[[Board, Any, Any], None]] = {
    effects.Define: _define,
    effects.Remove: _remove,
    effects.Owes: _owes,
    effects.Want: _want,
    effects.Call: _call,
    effects.Restart: _restart,
}
_REQUESTS = {
    effects.Restart: transitions.RESTART,
    effects.Reload: transitions.RELOAD,
    effects.ResetFailed: transitions.RESET,
    effects.Recheck: transitions.RECHECK,
}
COMMANDS = frozenset((*_NOTES, *_REQUESTS, effects.Apply))
