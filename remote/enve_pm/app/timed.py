"""Timers, and what they ask for: loaded with the first one. Most pms have none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.app.calls import Calls
    from enve_pm.app.engine import Engine
    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.timerunits import TimerUnits
    from enve_pm.shell.state.home import Home

    Parts = tuple[TimerUnits, Calls]


class Timed:
    """`noted`, `lasts`: see `TimerUnits`."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self.noted: Callable[[str, str], None] = lambda name, text: None
        self.lasts: Callable[[str], bool] = lambda name: True
        self._engine = engine
        self._home = home
        self._parts: Parts | None = None

    def _all(self) -> Parts:
        if self._parts is None:
            from enve_pm.app.calls import Calls
            from enve_pm.resource.timerunits import TimerUnits

            timers = TimerUnits(self._engine.loop, self._home, self._engine.emit)
            calls = Calls(self._engine)
            timers.ask, calls.told = calls.ask, timers.told
            timers.noted, timers.lasts = self.noted, self.lasts
            self._parts = timers, calls
        return self._parts

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        self._all()[0].spawn(effect, spec)

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._all()[0].signal(effect, spec)

    def check(self) -> None:
        """After each turn of the machine."""
        if self._parts:
            self._parts[1].check()

    def look(self) -> None:
        """The wall clock was set."""
        if self._parts:
            self._parts[0].look()

    def drop(self, unit: str) -> None:
        if self._parts:
            self._parts[0].drop(unit)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        """As keys of the whole state."""
        rows: Any = [part.dump() for part in self._parts] if self._parts else ([], [])
        return dict(zip(KEYS, rows))  # noqa: B905  (not in Python 3.8)

    def restore(self, state: Mapping[str, Any]) -> None:
        rows, calls = [state.get(key, []) for key in KEYS]
        if rows or calls:
            timers, under_way = self._all()
            timers.restore(rows, self._engine.active)
            under_way.restore(calls)


KEYS = ("timers", "calls")
