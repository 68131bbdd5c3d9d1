"""Lines that wait: what runs goes on until the stages that its new line needs are there.

A new version is built, installed and set up while the old one serves. So the line of a unit that
is there already is held back as long as a stage that it needs is not RUNNING in its new form; then
it comes into force by an order of its own (see `Rollout`). Stages that only the old line needs stay
as long as that is in force. One that fails changes nothing: the old line stays, also over a
restart of pm, until the stage is made at last or another plan comes.
"""

from __future__ import annotations

from enve_pm.core import stages, states
from enve_pm.core.unitstate import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.app.share import Share
    from enve_pm.core.unit import UnitSpec

DOWN = (states.STOPPED, states.SCHE_START)


class Holding:
    """`release(lines)` brings lines into force that waited, by their addresses; `changed(unit)`: it
    waits for another thing now."""

    def __init__(self, engine: Engine, release: Callable[[dict[str, str]], None]) -> None:
        self.changed: Callable[[str], None] = lambda unit: None
        self._engine = engine
        self._release = release
        self._lines: dict[str, tuple[str, str]] = {}  # unit -> its address, and the line that waits
        self._needs: dict[str, list[str]] = {}  # ... and the stages that it waits for
        self._late: list[str] = []  # stages that no plan has any more, but what is in force needs
        self._told: dict[str, str] = {}

    def divide(self, share: Share) -> Share:
        """The share without what has to wait: lines, and the end of stages."""
        for name in [name for name in self._lines if name in share.new or name in share.old]:
            self._drop(name)
        waits = {name: self._awaited(share, name) for name in share.specs}
        for name in filter(waits.__getitem__, waits):
            self._lines[name] = (share.names[name], share.new[name])
            self._needs[name] = waits[name]
        specs = {name: spec for name, spec in share.specs.items() if not waits[name]}
        return share._replace(specs=specs, old=self._leave(share))

    def _awaited(self, share: Share, name: str) -> list[str]:
        """The stages that it has to wait for."""
        spec, unit = share.specs[name], self._engine.machine.units.get(name)
        known = name in self._engine.units() and not stages.spot(name)
        if not known or spec.want == states.DOWN or (unit is not None and unit.removing):
            return []
        if share.order.march and (unit is None or unit.state in DOWN):
            return []  # it does not serve: it may as well wait as what it shall be
        needs = [need for need in spec.needs if stages.spot(need)]
        return [need for need in needs if need in share.specs or not self._there(need)]

    def _leave(self, share: Share) -> list[str]:
        """The units before, without those that must not go yet, and with those that may now."""
        used = self._used()
        before = dict.fromkeys((*share.old, *self._late))
        self._late = [name for name in before if name in used and name not in share.new]
        return [name for name in before if name not in self._late]

    def _used(self) -> set[str]:
        """The stages that what is in force of units whose lines wait needs."""
        found: set[str] = set()
        coming = self._engine.coming()
        waiting = list(self._lines)
        while waiting:
            name = waiting.pop()
            unit = self._engine.machine.units.get(name)
            spec = unit.spec if unit is not None else coming.get(name)
            new = [n for n in _stages(spec) if n not in found]
            found.update(new)
            waiting += new
        return found

    def _there(self, need: str) -> bool:
        """The stage is as it shall be."""
        unit = self._engine.machine.units.get(need)
        if unit is None or unit.state != states.RUNNING:
            return False
        return not (unit.again or unit.renew or unit.follows or unit.stale == states.RESTART)

    # -- later ------------------------------------------------------------------------------------
    def look(self) -> None:
        """After a turn: is there something that waits no longer?"""
        if not self._needs or self._engine.busy():
            return
        ready = [name for name, needs in self._needs.items() if all(map(self._there, needs))]
        for name in ready:
            del self._needs[name]  # its line stays until the order is carried out
        for name in self._lines:
            self._tell(name, self.told(name))
        if ready:
            self._release(dict(self._lines[name] for name in ready))

    def told(self, name: str) -> str:
        """What is told of a unit whose line waits; "" if it does not."""
        return self.shown(name)[1] if name in self._needs else ""

    def shown(self, name: str) -> tuple[str, str]:
        """Of a unit whose line waits the stage at the root of it, and what is told of that; of
        another one that goes on although a stage of its own has failed what is told of that."""
        if name not in self._needs:
            return "", self._without(name)
        cause = self._cause(self._needs[name])
        failed = ", which has failed" if self._failed(cause) else ""
        return cause, "its new line waits for %s%s" % (cause, failed)

    def _without(self, name: str) -> str:
        """Its line is the same as before, as with another setup of the version that runs."""
        unit = self._engine.machine.units.get(name)
        if unit is None or unit.state != states.RUNNING:
            return ""
        failed = next((need for need in _stages(unit.spec) if self._failed(need)), "")
        return "runs without %s, which has failed" % failed if failed else ""

    def hopes(self, names: Iterable[str]) -> bool:
        """Whether one of these waits for what may come soon: for none that has failed."""
        waiting = [name for name in names if name in self._needs]
        return any(not self._failed(self._cause(self._needs[name])) for name in waiting)

    def _cause(self, needs: Iterable[str]) -> str:
        """The stage at the root of it."""
        found = next((need for need in needs if not self._there(need)), "")
        unit = self._engine.machine.units.get(found)
        return (self._cause(_stages(unit.spec)) if unit is not None else "") or found

    def _failed(self, name: str) -> bool:
        unit = self._engine.machine.units.get(name)
        if unit is None:
            return name not in self._engine.units()
        return unit.state in FAILED or (unit.state == states.STOPPED and (unit.rest or unit.stuck))

    def _drop(self, name: str) -> None:
        del self._lines[name]
        self._needs.pop(name, None)
        self._tell(name, "")

    def _tell(self, name: str, text: str) -> None:
        if self._told.get(name, "") != text:
            self._told[name] = text
            self.changed(name)

    # -- over a change of program -----------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        return {"lines": self._lines, "needs": self._needs, "late": self._late}

    def restore(self, state: dict[str, Any]) -> None:
        self._lines = {name: (row[0], row[1]) for name, row in state.get("lines", {}).items()}
        self._needs = state.get("needs", {})
        self._late = state.get("late", [])


def _stages(spec: UnitSpec | None) -> list[str]:
    return [need for need in spec.needs if stages.spot(need)] if spec is not None else []
