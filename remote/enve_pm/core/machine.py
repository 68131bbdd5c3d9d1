"""The state machine of one pm: events in, effects out. Pure: no clock, no input, no output.

A turn: note the commands; carry wants over the graph; let the table answer requests, news and
timers; then look at every unit that was marked, until none is left. Units that only change
between waiting states go first; whoever would spawn or signal waits until all others stand still,
so that nothing is forked or killed on half a picture.
"""

from __future__ import annotations

from _heapq import heappop, heappush

from enve_pm.core import commands, effects, judge, saved, situation, states, transitions, wants
from enve_pm.core.board import Board
from enve_pm.core.judge import Refusal
from enve_pm.core.timers import DUE, GRACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from enve_pm.core.unitstate import Unit

__all__ = ["Machine", "Refusal"]

# What begins or ends something real: done when nobody else has anything to change.
_ACTS = frozenset(
    ((states.SCHE_START, situation.GO), (states.SCHE_STOP, situation.QUIT)),
)
_SPAWN_FAILED = 127  # the code of a step beside that could not be spawned


class Machine(Board):
    """All units of one pm.

    The shell calls `judge` with what a client or a plan asks; without refusals it calls `turn`
    with it. News of processes go straight to `turn`. After each turn it performs the effects in
    their order and sleeps until `deadline()`. `now` is always milliseconds of CLOCK_MONOTONIC.
    """

    def judge(self, events: Iterable[Any]) -> list[Refusal]:
        """Why these commands may not be carried out together; changes nothing."""
        return judge.judge(self, list(events))

    def turn(self, events: Iterable[Any], now: int) -> list[Any]:
        """Take the events and the timers that are due, and decide until nothing changes."""
        self.now = max(now, self.now)
        self.runs_before = self.runs
        asked: list[Any] = []
        news: list[Any] = []
        for event in events:
            (asked if type(event) in commands.COMMANDS else news).append(event)
        for event in asked:
            commands.take(self, event)
        wants.propagate(self)
        commands.request(self, asked)
        for event in news:
            self._hear(event)
        self._ring()
        self._settle()
        return self._effects()

    def deadline(self) -> int | None:
        """When `turn` must be called again even if nothing happens."""
        return self.timers.first()

    def dump(self) -> dict[str, Any]:
        """All of it as JSON-able data, between two turns."""
        return saved.dump(self)

    @classmethod
    def load(cls, data: dict[str, Any], now: int) -> Machine:
        """The machine that `dump` described, in this or the two previous versions."""
        machine = cls()
        saved.load(machine, data, now)
        return machine

    def dependents(self, name: str) -> list[str]:
        """Units that must stop before `name` can, in the order of their stop."""
        return judge.dependents(self, name)

    # -- inside a turn ----------------------------------------------------------------------------
    def _hear(self, event: Any) -> None:
        """News of a step; those of a run that is over are dropped."""
        unit = self.units.get(event.unit)
        if unit is None or not event.run:
            return
        self.words = getattr(event, "why", "")
        if event.run == unit.run:
            self._hear_main(unit, event)
        elif event.run == unit.side and not isinstance(event, _LIFE):
            unit.side = 0
            self.words = self.words or getattr(event, "reason", "")
            code = event.code if isinstance(event, effects.Exited) else _SPAWN_FAILED
            transitions.fire(self, unit, transitions.SIDE_EXITED, code)
        self.words = ""

    def _hear_main(self, unit: Unit, event: Any) -> None:
        word, argument, ends = _NEWS[type(event)]
        if ends:
            unit.run = unit.pid = 0
            self.show(unit)
        transitions.fire(self, unit, word, getattr(event, argument))

    def _ring(self) -> None:
        """The timers that are due."""
        for unit, slot in self.timers.due(self.now):
            if slot == GRACE:
                self.mark(unit)
            else:
                setattr(unit, slot, -1)
                event = transitions.TIMEOUT if slot == DUE else transitions.SIDE_TIMEOUT
                transitions.fire(self, unit, event)
        self.timers.trim(self.units.values(), len(self.units))

    def _settle(self) -> None:
        while True:
            if self.wants:
                wants.propagate(self)  # a run that was called for has ended
            elif self.at_once:
                unit, event = self.at_once.pop()
                transitions.fire(self, unit, event)
            elif self.pending:
                unit = heappop(self.pending)[1]
                unit.marked = False
                self._look(unit, act=False)
            elif self.acts:
                self._look(heappop(self.acts)[1], act=True)
            else:
                return

    def _look(self, unit: Unit, act: bool) -> None:
        """Tell the unit where it stands."""
        if self.units.get(unit.name) is not unit:
            return
        word = situation.judge(self, unit)
        if act or (unit.state, word) not in _ACTS:
            transitions.fire(self, unit, word)
        else:
            heappush(self.acts, (unit.index, unit))

    def _effects(self) -> list[Any]:
        out = self.out
        out.extend(effects.Changed(name) for name in self.changed if name in self.units)
        self.out = []
        self.changed = {}
        return out


_LIFE = (effects.Spawned, effects.Ready, effects.Silent)
_NEWS = {
    effects.Spawned: (transitions.SPAWNED, "pid", False),
    effects.SpawnFailed: (transitions.UNBORN, "reason", True),
    effects.Exited: (transitions.EXITED, "code", True),
    effects.Ready: (transitions.READY, "pid", False),
    effects.Silent: (transitions.SILENT, "why", False),
}
