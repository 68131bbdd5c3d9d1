"""What people and plans ask for: changes of wants and parameters, and requests for the table."""

from __future__ import annotations

from enve_pm.core import effects, running, states, transitions
from enve_pm.core.graph import edges
from enve_pm.core.unitstate import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

PLAN = "plan"
_RUNS = LIVE - {states.STOPPING}


def take(board: Board, event: Any) -> None:
    """Note the command: only wants, parameters and edges change here, no state."""
    note = _NOTES.get(type(event))
    if note is not None:
        unit = board.units.get(event.unit)
        if unit is not None or note is _define:
            note(board, unit, event)


def request(board: Board, event: Any) -> None:
    """Let the table answer the command, once all wants are known."""
    unit = board.units.get(event.unit)
    if unit is None:
        return
    if isinstance(event, effects.Apply):
        _apply(board, unit)
    elif not isinstance(event, effects.Want):
        asked = _REQUESTS.get(type(event))
        if asked:
            transitions.fire(board, unit, asked)
    elif event.want == states.UP:
        wake(board, unit)


def wake(board: Board, unit: Unit) -> None:
    """Wake the unit and all that it needs: none of them rests or waits out its back-off."""
    stack, seen = [unit], {unit.name}
    while stack:
        unit = stack.pop()
        transitions.fire(board, unit, transitions.WAKE)
        for name in unit.spec.needs:
            need = board.units.get(name)
            if need is not None and name not in seen and need.state not in LIVE:
                seen.add(name)
                stack.append(need)


def _apply(board: Board, unit: Unit) -> None:
    """Bring it up to date by the class of its change."""
    if unit.state not in _RUNS:
        wake(board, unit)
    elif unit.stale == states.LIVE:
        unit.active = unit.spec
        running.freshen(board, unit)
        if unit.state == states.RUNNING and not unit.side:
            running.watch(board, unit)
    elif unit.stale == states.RELOAD:
        transitions.fire(board, unit, transitions.RELOAD)
    elif unit.stale == states.RESTART and unit.want == states.UP:
        transitions.fire(board, unit, transitions.RESTART)


def _define(board: Board, unit: Unit | None, event: Any) -> None:
    if unit is None:
        board.show(board.add(event.unit, event.spec))
        unit = board.units[event.unit]
        board.wants.append(unit)
        _found(board, unit)
    elif edges(unit.spec) == edges(event.spec):
        unit.spec = event.spec
    else:
        board.unlink(unit)
        unit.spec = event.spec
        board.link(unit)
    if unit.removing:
        unit.removing = False
        board.wants.append(unit)
    running.freshen(board, unit)
    board.show(unit)
    board.mark(unit)


def _found(board: Board, unit: Unit) -> None:
    """Dependents that missed the unit may wait for it now."""
    for name in board.users.get(unit.name, ()):
        user = board.units[name]
        user.stuck = user.stuck and user.state in LIVE
        board.mark(user)


def _remove(board: Board, unit: Unit, _: Any) -> None:
    unit.removing = True
    board.wants.append(unit)
    board.mark(unit)


def _want(board: Board, unit: Unit, event: Any) -> None:
    unit.asked, unit.asked_why = event.want, event.why
    unit.by_hand = event.why != PLAN
    if event.why == PLAN:
        unit.planned = event.want
    unit.rest = unit.rest and event.want == states.UP
    board.wants.append(unit)
    board.show(unit)


def _restart(board: Board, unit: Unit, event: Any) -> None:
    if unit.asked == states.DOWN and not unit.hard:
        _want(board, unit, effects.Want(unit.name, states.UP, event.why))


_NOTES: dict[type, Callable[[Board, Any, Any], None]] = {
    effects.Define: _define,
    effects.Remove: _remove,
    effects.Want: _want,
    effects.Restart: _restart,
}
_REQUESTS = {
    effects.Restart: transitions.RESTART,
    effects.Reload: transitions.RELOAD,
    effects.ResetFailed: transitions.RESET,
    effects.Recheck: transitions.RECHECK,
}
COMMANDS = frozenset((*_NOTES, *_REQUESTS, effects.Apply))
