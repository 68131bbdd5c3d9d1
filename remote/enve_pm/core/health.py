"""Of a process that runs and is not well: its health checks, and its silence."""

from __future__ import annotations

from enve_pm.core import failing, running, states, stopping, vitals
from enve_pm.core.unitstate import OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

HEALTH, WATCHDOG = "health:", "watchdog:"


def beside(board: Board, unit: Unit, code: int) -> None:
    """The step beside a unit that is up has ended."""
    if unit.side_step != states.HEALTH:
        running.beside(board, unit, code)
        return
    late, unit.side_due = unit.side_due < 0, -1
    if code == 0:
        _well(board, unit)
    else:
        assert unit.active is not None  # noqa: S101
        why = vitals.words(unit.active, board.words, failing.result_of(code), late)
        _unwell(board, unit, HEALTH + why)
    if unit.state == states.RUNNING:
        running.watch(board, unit)
        running.catch_up(board, unit)


def _well(board: Board, unit: Unit) -> None:
    unit.well = board.now
    if unit.sick:
        unit.sick = 0
        unit.result, unit.detail = OK, ""
        board.show(unit)


def _unwell(board: Board, unit: Unit, why: str) -> None:
    assert unit.active is not None  # noqa: S101
    most = vitals.failures(unit.active)
    unit.sick = min(unit.sick + 1, most)
    if unit.sick < most:
        unit.detail = f"{why} ({unit.sick} of {most})"
        board.show(unit)
    elif unit.active.health.get("on_failure") == vitals.REPORT:
        unit.result, unit.detail = why, ""
        board.show(unit)
    else:
        _give_up(board, unit, why)


def silent(board: Board, unit: Unit, why: str) -> None:
    """It does not say any more that it is alive."""
    _give_up(board, unit, WATCHDOG + why)


def _give_up(board: Board, unit: Unit, why: str) -> None:
    """It has failed, though it runs: it is stopped, and then goes the way of all that failed."""
    unit.doom, unit.detail = why, ""
    stopping.stop(board, unit)
