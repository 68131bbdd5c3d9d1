"""The engine: takes events to the machine, and the machine's effects to those who act.

Effects are performed in their order, at most a slice of time in one turn of the loop, so that a
start of a thousand units leaves room for commands and for the watchdog's question.
"""

from __future__ import annotations

from enve_pm.core.effects import Changed, Define, Gone, Signal, Spawn, SpawnFailed
from enve_pm.core.lean import deque
from enve_pm.core.machine import Machine
from enve_pm.resource.base import Runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    from enve_pm.core.judge import Refusal
    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.state.home import Home

    class Kind(Protocol):
        """Acts for the units of one kind."""

        def spawn(self, effect: Spawn, spec: UnitSpec) -> None: ...
        def signal(self, effect: Signal, spec: UnitSpec) -> None: ...


SLICE = 20  # ms of effects in one turn
AGAIN = 5000  # ms until what a mistake left undone is taken up


class Engine:
    """`kinds` acts by kind of unit; `changed` and `gone` hear of units, `left` clears up after one
    that is gone; `decided` hears of effects before they are performed; `turned` is called after
    each turn in which the machine had something to do."""

    def __init__(self, loop: Loop, home: Home) -> None:
        self.loop = loop
        self.machine = Machine()
        self.runs = Runs(loop, home, self.emit)
        self.runs.number_of = self._number_of
        self.kinds: dict[str, Kind] = {}
        self.changed: Callable[[str], None] = lambda unit: None
        self.gone: Callable[[str], None] = lambda unit: None
        self.left: Callable[[str], None] = lambda unit: None
        self.decided: Callable[[list[Any]], None] = lambda effects: None
        self.turned: list[Callable[[], None]] = []
        self.unplaced: dict[str, str] = {}  # units whose files could not be placed: the reason
        self._events: list[Any] = []
        self._effects: deque[Any] = deque()
        self._timer: Timer | None = None
        loop.after = self.turn

    def active(self, unit: str) -> UnitSpec | None:
        """The parameters in force for a unit, if any are."""
        found = self.machine.units.get(unit)
        return found.active if found is not None else None

    def known(self, unit: str) -> UnitSpec | None:
        """Those, or what it shall be."""
        found = self.machine.units.get(unit)
        return (found.active or found.spec) if found is not None else None

    def _number_of(self, unit: str) -> int:
        found = self.machine.units.get(unit)
        return found.run if found is not None else 0

    def emit(self, event: Any) -> None:
        """News for the machine; it hears them at the end of the turn."""
        self._events.append(event)

    def feed(self, events: Iterable[Any]) -> None:
        self._events.extend(events)

    def judge(self, events: Iterable[Any]) -> list[Refusal]:
        """Why these may not be carried out together (none: feed them). Units that are about to be
        taken in count as there: pm begins with those on its disk, and may drop some at once."""
        return self.machine.judge([*self._coming(), *events])

    def units(self) -> set[str]:
        """Those that there are, and those that there will be when the events so far are heard."""
        return {*self.machine.units, *(event.unit for event in self._coming())}

    def coming(self) -> dict[str, UnitSpec]:
        """What has been defined and not been heard yet."""
        return {event.unit: event.spec for event in self._coming()}

    def _coming(self) -> list[Define]:
        return [event for event in self._events if isinstance(event, Define)]

    def busy(self) -> bool:
        """Something is decided and not done yet, or heard and not decided."""
        return bool(self._events or self._effects)

    def turn(self) -> None:
        """Once a turn of the loop: decide and act until nothing is left, or the slice is over. What
        a mistake of ours leaves undone (see `Loop`) is left to a turn that comes soon."""
        now = self.loop.system.now()
        try:
            self._turn(now + SLICE)
        except Exception:
            self.loop.at(now + AGAIN, _nothing)  # not at once: the loop bears few mistakes a minute
            raise
        self._arm()

    def _turn(self, end: int) -> None:
        turned = False
        self.runs.settle()
        while self._work(end):
            turned = True
        if turned and not self._events:  # else goals would be judged before their orders are heard
            for callback in self.turned:
                callback()

    def _work(self, end: int) -> bool:
        """One round; False when there was nothing to do, or the slice is over."""
        now = self.loop.system.now()
        if self._effects:
            if now >= end:
                return False
            self._perform(end)
            return True
        due = self.machine.deadline()
        if not self._events and (due is None or due > now):
            return False
        events, self._events = self._events, []
        effects = self.machine.turn(events, now)
        self.decided(effects)
        self._effects.extend(effects)
        return True

    def _perform(self, end: int) -> None:
        now = self.loop.system.now
        while self._effects and now() < end:
            effect = self._effects.popleft()
            ACTS[type(effect)](self, effect)
        self.runs.settle()

    def _spawn(self, effect: Spawn) -> None:
        unit = self.machine.units.get(effect.unit)
        if unit is None or unit.active is None:
            self.emit(SpawnFailed(effect.unit, effect.run, "gone"))
        elif effect.unit in self.unplaced:
            self.emit(SpawnFailed(effect.unit, effect.run, self.unplaced[effect.unit]))
        else:
            self._kind(unit.active).spawn(effect, unit.active)

    def _signal(self, effect: Signal) -> None:
        unit = self.machine.units.get(effect.unit)
        if unit is not None:
            self._kind(unit.active or unit.spec).signal(effect, unit.active or unit.spec)

    def _kind(self, spec: UnitSpec) -> Kind:
        return self.kinds[spec.kind]

    def _changed(self, effect: Changed) -> None:
        self.changed(effect.unit)

    def _gone(self, effect: Gone) -> None:
        self.unplaced.pop(effect.unit, None)
        self.gone(effect.unit)
        self.left(effect.unit)

    def _arm(self) -> None:
        """Wake up in time for the machine's next deadline, at once when work is left."""
        due = self.loop.system.now() if self._effects or self._events else self.machine.deadline()
        if self._timer is not None:
            if self._timer.callback is not None and self._timer.due == due:
                return
            self.loop.cancel(self._timer)
            self._timer = None
        if due is not None:
            self._timer = self.loop.at(due, _nothing)


ACTS: dict[type, Callable[[Engine, Any], None]] = {
    Spawn: Engine._spawn,
    Signal: Engine._signal,
    Changed: Engine._changed,
    Gone: Engine._gone,
}


def _nothing() -> None:
    """The turn that this timer makes is all that is wanted."""
