"""First phase of a turn: carry wants over the graph, with a worklist. Nothing acts here.

A unit is driven up when it is asked for, when a timer has called it, when a dependent that is up
needs it, or when one that is up wants it and nobody has stopped it by hand.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.graph import NEED, WANT, edges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit


def propagate(board: Board) -> None:
    """Make `want` and `why` of all units true again."""
    touched: dict[str, Unit] = {}
    while board.wants:
        unit = board.wants.pop()
        touched[unit.name] = unit
        want = _want(unit)
        if want != unit.want:
            _turn(board, unit, want)
    for unit in touched.values():
        why = _why(board, unit)
        if why != unit.why:
            unit.why = why
            board.show(unit)


def _want(unit: Unit) -> str:
    if unit.removing:
        return states.DOWN
    if unit.asked == states.UP or unit.called or unit.hard or (unit.soft and not unit.by_hand):
        return states.UP
    return states.DOWN


def _turn(board: Board, unit: Unit, want: str) -> None:
    unit.want = want
    renewed = unit.renew
    if want == states.DOWN:
        unit.again = unit.renew = unit.reloads = False
    board.show(unit)
    board.mark(unit)
    if renewed or unit.state in (states.SCHE_STOP, states.STOPPING):
        board.tell(unit)  # whether it comes again matters to who waits for it or comes after it
    pull = 1 if want == states.UP else -1
    for name, kinds in edges(unit.spec).items():
        need = board.units.get(name)
        if need is not None and kinds & (NEED | WANT):
            board.weigh(need, kinds & (NEED | WANT), pull, 0)


def _why(board: Board, unit: Unit) -> str:
    if unit.want in (unit.asked, states.DOWN):
        return unit.asked_why
    if unit.called:
        return unit.called
    pulls = (
        name
        for name, kinds in board.users.get(unit.name, {}).items()
        if kinds & (NEED | WANT) and board.units[name].want == states.UP
    )
    return f"pulled in by {min(pulls)}"
