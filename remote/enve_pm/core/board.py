"""Board: the units, their edges, timers and locks, and the elementary moves on them.

Every move keeps the counts between neighbours true and marks whoever must be looked at again.
Nothing here decides; the cells of the table (`transitions`) do, with these moves.
"""

from __future__ import annotations

from _heapq import heappush

from enve_pm.core import effects, states, timers
from enve_pm.core.graph import AFTER, NEED, WANT, edges
from enve_pm.core.timing import Timing
from enve_pm.core.unitstate import LIVE, Unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.unit import UnitSpec

# A dependent that waits learns nothing from a need that is still on its way.
_UNDER_WAY = frozenset((states.SCHE_START, states.STARTING))


class Board:
    """What the machine thinks with. `users`: name -> dependent -> kinds of edge to the name."""

    def __init__(self, timing: Timing = Timing()) -> None:  # noqa: B008
        self.units: dict[str, Unit] = {}
        self.users: dict[str, dict[str, int]] = {}
        self.locks: dict[str, list[str]] = {}  # excl -> units; the first one makes
        self.timing = timing
        self.timers = timers.Timers()
        self.now = 0
        self.runs = 0  # number of the last run
        self.runs_before = 0  # ... when the turn began
        self.made = 0  # number of units ever defined
        self.words = ""  # what the step says whose end is being heard
        self.out: list[Any] = []
        self.changed: dict[str, None] = {}
        self.pending: list[tuple[int, Unit]] = []  # heap of the marked
        self.acts: list[tuple[int, Unit]] = []  # heap of those that wait for the marked
        self.at_once: list[tuple[Unit, str]] = []  # failures that are left in this turn, and how
        self.wants: list[Unit] = []  # whose want may have changed

    # -- units and edges --------------------------------------------------------------------------
    def add(self, name: str, spec: UnitSpec) -> Unit:
        """A new unit, STOPPED and wanted by nobody but its dependents."""
        self.made += 1
        unit = self.units[name] = Unit(name, self.made, spec, self.now)
        self.count(unit)
        self.link(unit)
        return unit

    def count(self, unit: Unit) -> None:
        """Count the dependents of a unit that is new here."""
        for name, kinds in self.users.get(unit.name, {}).items():
            user = self.units[name]
            if user.want == states.UP:
                unit.hard += bool(kinds & NEED)
                unit.soft += bool(kinds & WANT)
            if kinds & NEED:
                unit.held += user.state in LIVE

    def link(self, unit: Unit) -> None:
        """Enter the edges of the unit's spec."""
        up, live = unit.want == states.UP, unit.state in LIVE
        for name, kinds in edges(unit.spec).items():
            self.users.setdefault(name, {})[unit.name] = kinds
            need = self.units.get(name)
            if need is not None:
                self.weigh(need, kinds, +1 if up else 0, +1 if live else 0)
            if kinds & NEED:
                unit.unmet += need is None or need.state != states.RUNNING

    def unlink(self, unit: Unit) -> None:
        """Take the edges of the unit's spec back."""
        up, live = unit.want == states.UP, unit.state in LIVE
        for name, kinds in edges(unit.spec).items():
            users = self.users[name]
            del users[unit.name]
            if not users:
                del self.users[name]
            need = self.units.get(name)
            if need is not None:
                self.weigh(need, kinds, -1 if up else 0, -1 if live else 0)
        unit.unmet = 0

    def weigh(self, need: Unit, kinds: int, pull: int, hold: int) -> None:
        """A dependent pulls the unit up, or holds it, more or less than before."""
        if kinds & NEED:
            need.hard += pull
            need.held += hold
        if kinds & WANT:
            need.soft += pull
        if pull:
            self.wants.append(need)
        if hold < 0 or kinds & AFTER:
            self.mark(need)

    def remove(self, unit: Unit) -> None:
        """Forget a unit of which nothing is left."""
        self.unlink(unit)
        del self.units[unit.name]
        self.changed.pop(unit.name, None)
        self.out.append(effects.Gone(unit.name))
        self.tell(unit)

    # -- states -----------------------------------------------------------------------------------
    def enter(self, unit: Unit, state: str) -> None:
        """Change the state, and let the neighbours know."""
        old = unit.state
        unit.state = state
        unit.since = self.now
        self.show(unit)
        self.mark(unit)
        if state not in LIVE:
            unit.grace_due = -1
        if (old in LIVE) != (state in LIVE):
            step = 1 if state in LIVE else -1
            for name in unit.spec.needs:
                if name in self.units:
                    self.units[name].held += step
        if state not in LIVE or state == states.RUNNING:
            self._tell_needs(unit)
        self._tell_users(unit, old)

    def _tell_needs(self, unit: Unit) -> None:
        """Those that wait for the unit's end, or for nothing any more."""
        for names in (unit.spec.needs, unit.spec.after):
            for name in names:
                need = self.units.get(name)
                if need is not None and (need.state == states.SCHE_STOP or need.owed):
                    self.mark(need)

    def _tell_users(self, unit: Unit, old: str) -> None:
        state = unit.state
        step = (old == states.RUNNING) - (state == states.RUNNING)
        for name, kinds in self.users.get(unit.name, {}).items():
            user = self.units[name]
            if kinds & NEED:
                user.unmet += step
            if user.state not in LIVE:
                if state in _UNDER_WAY:
                    continue
                if state == states.RUNNING and kinds == NEED and user.unmet:
                    continue
            self.mark(user)

    def tell(self, unit: Unit) -> None:
        """Let all dependents look again."""
        for name in self.users.get(unit.name, ()):
            self.mark(self.units[name])

    def mark(self, unit: Unit) -> None:
        """Look at it again before the turn ends."""
        if not unit.marked:
            unit.marked = True
            heappush(self.pending, (unit.index, unit))

    def told(self, detail: str) -> str:
        """A detail with what the step says that has led to it."""
        return ": ".join(filter(None, (detail, self.words)))

    def show(self, unit: Unit) -> None:
        """What others see of it has changed."""
        self.changed[unit.name] = None

    # -- steps ------------------------------------------------------------------------------------
    def spawn(self, unit: Unit, step: str) -> None:
        """Begin a main step."""
        self.runs += 1
        unit.run, unit.step, unit.pid = self.runs, step, 0
        self.out.append(effects.Spawn(unit.name, self.runs, step))

    def spawn_side(self, unit: Unit, step: str) -> None:
        """Begin a step beside the main one."""
        self.runs += 1
        unit.side, unit.side_step = self.runs, step
        self.out.append(effects.Spawn(unit.name, self.runs, step))

    def signal(self, unit: Unit, signal: str, tree: bool) -> None:
        self.out.append(effects.Signal(unit.name, unit.run, signal, tree))

    def kill_side(self, unit: Unit) -> None:
        unit.side_due = -1
        if unit.side:
            self.out.append(effects.Signal(unit.name, unit.side, "KILL", True))

    # -- timers: milliseconds from now ------------------------------------------------------------
    def arm(self, unit: Unit, delay: int) -> None:
        self.timers.set(unit, timers.DUE, self.now + delay)

    def arm_side(self, unit: Unit, delay: int) -> None:
        self.timers.set(unit, timers.SIDE, self.now + delay)

    def arm_grace(self, unit: Unit) -> None:
        self.timers.set(unit, timers.GRACE, self.now + self.timing.grace)
