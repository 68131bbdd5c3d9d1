"""Whoever runs on what stages made follows when one of them is made anew.

A stage is needed to start; what it has left lies there, so its failure, or that it is being made
again, harms nobody who runs. When it was made, those that need it restart or reload, as their
`on_restart` says, as soon as no stage that they need is under way: one after an install and the
setup that follows it, and none at all where that setup fails.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.change import strongest
from enve_pm.core.graph import NEED
from enve_pm.core.unit import STAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

IGNORE = "ignore"
_AT_WORK = (states.STARTING, states.RUNNING)


def stage(unit: Unit) -> bool:
    return unit.kind == STAGE


def users(board: Board, unit: Unit) -> list[Unit]:
    """Those that need a stage; other stages first, as the rest waits for them."""
    found = [board.units[name] for name, k in board.users.get(unit.name, {}).items() if k & NEED]
    return sorted(found, key=lambda user: (not stage(user), user.index))


def note(unit: Unit, user: Unit) -> None:
    """The stage was made: what one that needs it owes to that."""
    answer = user.spec.on_restart.get(unit.name, states.RESTART)
    if user.state in _AT_WORK and answer != IGNORE:
        user.follows = strongest(user.follows, answer)


def due(board: Board, unit: Unit) -> str:
    """reload or restart: what the unit, which runs, does now; "": nothing, or not yet."""
    if not unit.follows or unit.state != states.RUNNING:
        return ""
    needs = [board.units.get(name) for name in unit.spec.needs]
    if any(need is not None and stage(need) and not _there(need) for need in needs):
        return ""
    word, unit.follows = unit.follows, ""
    return word


def _there(need: Unit) -> bool:
    """It is what it shall be."""
    moves = need.again or need.renew or need.follows or need.stale == states.RESTART
    return need.state == states.RUNNING and not moves
