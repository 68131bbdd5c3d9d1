"""A resource on its way up: CHECK; if it is not there MAKE, then CHECK again."""

from __future__ import annotations

from enve_pm.core import locks, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit


def make(board: Board, unit: Unit) -> None:
    """Make, or wait (without a timer: each maker has its own) until the lock is free."""
    if locks.acquire(board, unit):
        _make(board, unit)
    else:
        unit.due = -1
        unit.detail = f"{unit.lock}: waits for {locks.holder(board, unit)}"
        board.show(unit)


def verify(board: Board, unit: Unit) -> None:
    """The make says that it is done: it must be there now."""
    unit.made = True
    _step(board, unit, states.CHECK)


def release(board: Board, unit: Unit) -> None:
    """Give the lock back and let the next unit make."""
    if unit.lock:
        following = locks.release(board, unit)
        if following is not None:
            following.detail = ""
            board.show(following)
            _make(board, following)


def _make(board: Board, unit: Unit) -> None:
    owe(unit)
    _step(board, unit, states.MAKE)


def owe(unit: Unit) -> None:
    """From here on something may be there that must be undone one day, whatever happens."""
    if unit.active is not None and unit.active.checked and unit.active.undoes:
        unit.owed = unit.active


def _step(board: Board, unit: Unit, step: str) -> None:
    assert unit.active is not None  # noqa: S101
    board.spawn(unit, step)
    board.arm(unit, unit.active.start_timeout)
