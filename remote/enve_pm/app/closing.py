"""The end of pm in order: every unit stops, dependents first; wants stay as they are on disk."""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.effects import Want
from enve_pm.core.unitstate import SHUTDOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.app.board import Board
    from enve_pm.app.engine import Engine

MARGIN = 6000  # ms beyond the longest stop timeout, then pm ends whatever is left
DOWN = (states.STOPPED, states.FAIL, states.STARTING_FAIL)


class Closing:
    """`begin` may be called again and again."""

    def __init__(self, engine: Engine, board: Board) -> None:
        self._engine = engine
        self._board = board

    def begin(self) -> None:
        if self._board.closing:
            return
        self._board.closing = True
        engine, loop = self._engine, self._engine.loop
        units = engine.machine.units
        engine.feed([Want(name, states.DOWN, SHUTDOWN) for name in units])
        longest = max((unit.spec.stop_timeout for unit in units.values()), default=0)
        loop.at(loop.system.now() + longest + MARGIN, lambda: loop.stop(0))
        engine.turned.append(self._check)
        loop.at(loop.system.now(), self._check)

    def _check(self) -> None:
        units = self._engine.machine.units.values()
        if all(unit.state in DOWN for unit in units) and not self._engine.busy():
            self._engine.loop.stop(0)
