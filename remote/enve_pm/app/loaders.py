"""Loaders: what acts for them is loaded with the first one. Most pms have none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.loaderunits import LoaderUnits
    from enve_pm.resource.process import Processes
    from enve_pm.resource.run import Run
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.plan.accept import Acceptor
    from enve_pm.shell.state.home import Home


class Loaders:
    """`acceptor()`: who judges what they bring, if anybody does; `noted`: see `LoaderUnits`."""

    def __init__(self, engine: Engine, home: Home, logs: LogPipes, processes: Processes) -> None:
        self.acceptor: Callable[[], Acceptor | None] = lambda: None
        self.noted: Callable[[str, str], None] = lambda name, text: None
        self._engine = engine
        self._home = home
        self._logs = logs
        self._processes = processes
        self._units: LoaderUnits | None = None

    def _all(self) -> LoaderUnits:
        if self._units is None:
            from enve_pm.resource.loaderunits import LoaderUnits

            engine = self._engine
            self._units = LoaderUnits(
                engine.loop, self._home, self._logs, engine.runs, self._processes, engine.emit
            )
            self._units.acceptor, self._units.noted = self.acceptor(), self.noted
        return self._units

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        self._all().spawn(effect, spec)

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._all().signal(effect, spec)

    def over(self, run: Run) -> None:
        """A run of any unit is over."""
        if self._units is not None:
            self._units.over(run)

    def drop(self, unit: str) -> None:
        if self._units is not None:
            self._units.drop(unit)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return [] if self._units is None else self._units.dump()

    def restore(self, dumped: list[list[Any]]) -> None:
        if dumped:
            self._all().restore(dumped, self._engine.active)
