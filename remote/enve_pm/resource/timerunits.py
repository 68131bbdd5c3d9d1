"""Units of kind timer: they ask for something of another unit, again and again.

Armed is what they are made to be. units/NAME/fired says when each fired last, by which line, and
what came of it, so that the next pm goes on where this one ended. All timers share one of the
loop's; where one goes by the wall clock, that is looked at once a minute, as it may be set.
"""

from __future__ import annotations

from enve_pm.core import firing, states
from enve_pm.core.effects import Exited, Spawned
from enve_pm.resource.armedtimer import ArmedTimer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.state.home import Home

UNARMED = 1  # what the check of one that is not armed ends with
SET = 1000  # ms by which it differs from ours more than before when it was set


class TimerUnits:
    """`ask(name, body)` asks the machine, and says how that went; `noted(name, text)` shows what
    there is to know; `lasts(name)`: is its stop no end?"""

    def __init__(self, loop: Loop, home: Home, emit: Callable[[Any], None]) -> None:
        self.ask: Callable[[str, Mapping[str, Any]], str] = lambda name, body: ""
        self.noted: Callable[[str, str], None] = lambda name, text: None
        self.lasts: Callable[[str], bool] = lambda name: True
        self._loop = loop
        self._system = loop.system
        self._home = home
        self._emit = emit
        self._armed: dict[str, ArmedTimer] = {}
        self._timer: Timer | None = None
        self._offset = 0  # of the wall clock to ours, at the last look

    # -- what the machine asks for -----------------------------------------------------------------
    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step: each is done at once."""
        code = 0
        if effect.step == states.CHECK:
            code = 0 if effect.unit in self._armed else UNARMED
        elif effect.step == states.MAKE:
            self._arm(effect.unit, spec)
        else:
            self._disarm(effect.unit)
        self._emit(Spawned(effect.unit, effect.run, 0))
        self._emit(Exited(effect.unit, effect.run, code))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        """No step takes any time."""

    def drop(self, name: str) -> None:
        self._armed.pop(name, None)

    def told(self, name: str, text: str) -> None:
        """What came of its last firing."""
        timer = self._armed.get(name)
        if timer is not None:
            timer.said = text
            self._keep(name, timer)
            self._note(name, timer)

    # -- armed or not ------------------------------------------------------------------------------
    def _arm(self, name: str, spec: UnitSpec) -> None:
        timer = self._armed[name] = ArmedTimer(spec.body, self._system)
        wall = self._system.wall()
        last, mark, said = self._home.fired(name)
        if mark == timer.mark:
            timer.last, timer.said = last, said
        else:
            timer.last = wall
            self._keep(name, timer)
        timer.begin(wall)
        self._note(name, timer)
        if len(self._armed) == 1:
            self._offset = wall - self._system.now()
        self._wake()

    def _disarm(self, name: str) -> None:
        if self._armed.pop(name, None) is not None and not self.lasts(name):
            self._home.set_fired(name, "")
        self.noted(name, "")
        self._wake()

    # -- the time ----------------------------------------------------------------------------------
    def look(self) -> None:
        """See which are due, and whether the wall clock was set."""
        self._sleep_no_more()
        wall, now = self._system.wall(), self._system.now()
        was_set, self._offset = abs(wall - now - self._offset) > SET, wall - now
        self._system.same_zone()
        for name, timer in list(self._armed.items()):
            if was_set and firing.put_back(timer.last, wall):
                timer.last = wall  # else nothing would be missed until then
                self._keep(name, timer)
            if timer.schedule is None:
                if timer.due + timer.late <= now:
                    timer.again(now)
                    self._fire(name, timer, wall)
                elif was_set:
                    self._note(name, timer)
            else:
                self._by_the_wall(name, timer, wall, was_set)
        self._wake()

    def _by_the_wall(self, name: str, timer: ArmedTimer, wall: int, was_set: bool) -> None:
        if was_set or timer.moved():
            timer.count(wall)
            self._note(name, timer)
        if wall < timer.due + timer.late:
            return
        if timer.passes(wall):
            self._fire(name, timer, wall)
        else:
            self._note(name, timer)

    def _fire(self, name: str, timer: ArmedTimer, wall: int) -> None:
        """Written down first: it is rather left out once than done twice."""
        timer.last = wall
        timer.put_off()
        timer.said = firing.UNDER_WAY
        self._keep(name, timer)
        said = self.ask(name, timer.body)
        if said != timer.said:
            self.told(name, said)
        self._note(name, timer)

    def _wake(self) -> None:
        """Be called when the next one is due, or the wall clock is to be looked at."""
        self._sleep_no_more()
        wall, now = self._system.wall(), self._system.now()
        waits = [timer.wait(wall, now) for timer in self._armed.values()]
        if waits:
            self._timer = self._loop.at(now + max(0, min(waits)), self.look)

    def _sleep_no_more(self) -> None:
        if self._timer is not None:
            self._loop.cancel(self._timer)
            self._timer = None

    # -- what is kept and shown --------------------------------------------------------------------
    def _keep(self, name: str, timer: ArmedTimer) -> None:
        self._home.set_fired(name, timer.kept, timer.body.get("catch_up", False))

    def _note(self, name: str, timer: ArmedTimer) -> None:
        self.noted(name, timer.shown())

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return [[name, *timer.dump()] for name, timer in self._armed.items()]

    def restore(self, rows: list[list[Any]], active: Callable[[str], UnitSpec | None]) -> None:
        for name, *values in rows:
            spec = active(name)
            if spec is not None:
                timer = self._armed[name] = ArmedTimer(spec.body, self._system)
                timer.restore(values)
        self.look()  # the wall clock may have been set meanwhile
