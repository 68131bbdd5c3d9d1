"""Debts: what units have made and must undo one day, on disk before it is made.

A pm that dies may leave mounts, networks, folders behind. The next one reads here by which
parameters they were made, so that they can be undone though the plan has changed meanwhile.
"""

from __future__ import annotations

from enve_pm.core.canonical import dumps, loads
from enve_pm.core.effects import Changed, Owes
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.shell.complain import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.shell.state.home import Home


class Debts:
    """Keeps units/NAME/owed in step with the machine."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self._engine = engine
        self._home = home
        self._kept: dict[str, UnitSpec] = {}  # as it stands on disk
        engine.decided = self.decided

    def decided(self, effects: Iterable[Any]) -> None:
        """What the machine has just decided is not done yet: write first."""
        units = self._engine.machine.units
        for effect in effects:
            if type(effect) is Changed and units[effect.unit].owed is not self._kept.get(
                effect.unit
            ):
                self._write(effect.unit, units[effect.unit].owed)

    def _write(self, unit: str, owed: UnitSpec | None) -> None:
        if owed is None:
            self._home.owe(unit, b"")
            self.forget(unit)
        else:
            self._home.owe(unit, dumps(owed.raw))
            self._kept[unit] = owed

    def forget(self, unit: str) -> None:
        self._kept.pop(unit, None)

    def of(self, unit: str) -> list[Any]:
        """At the start: what a pm before this one has left of the unit, as an event."""
        line = self._home.owed(unit)
        if not line:
            return []
        try:
            spec = self._kept[unit] = UnitSpec.parse(loads(line))
        except (FormatError, UnitError) as error:
            complain("pm: what unit %s made is lost: %s" % (unit, error))
            return []
        return [Owes(unit, spec)]

    def recall(self) -> None:
        """After a change of program: the disk has what the machine has."""
        units = self._engine.machine.units.values()
        self._kept = {unit.name: unit.owed for unit in units if unit.owed is not None}
