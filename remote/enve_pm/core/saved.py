"""The machine as JSON-able data, for a program that replaces itself under its services."""

from __future__ import annotations

from enve_pm.core import unitstate
from enve_pm.core.unit import UnitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board

VERSION = 1
READABLE = (1,)  # this version and the two before it


class SavedError(ValueError):
    """Data that this program cannot go on with."""


def dump(board: Board) -> dict[str, Any]:
    """What `load` needs; what can be counted from the neighbours is left out."""
    return {
        "v": VERSION,
        "runs": board.runs,
        "made": board.made,
        "locks": {name: list(queue) for name, queue in board.locks.items()},
        "units": [unitstate.dump(unit) for unit in board.units.values()],
    }


def load(board: Board, data: dict[str, Any], now: int) -> None:
    """Fill an empty board."""
    if not isinstance(data, dict) or data.get("v") not in READABLE:
        version = data.get("v") if isinstance(data, dict) else data
        raise SavedError(f"state: wanted version {VERSION}, found {version!r}")
    board.now = now
    try:
        _load(board, data, now)
    except (KeyError, TypeError, AttributeError, UnitError) as error:
        raise SavedError(f"state: wanted what dump wrote, found {error!r}") from None


def _load(board: Board, data: dict[str, Any], now: int) -> None:
    board.runs, board.made = data["runs"], data["made"]
    board.locks = {name: list(queue) for name, queue in data["locks"].items()}
    for item in data["units"]:
        unit = unitstate.load(item, now)
        board.units[unit.name] = unit
    for unit in board.units.values():
        board.link(unit)
    for unit in board.units.values():
        unit.marked = False
    board.wants.clear()
    board.pending.clear()
    board.timers.rebuild(board.units.values())
