"""An accepted part becomes what the units of this pm are: files placed, parameters, wants.

One part after the other. Files are placed first, by a child; then the machine takes all changes as
one batch, and the spots' states are reported until all have settled. A spot whose files could not
be placed keeps what it runs; a new one fails with that reason.
"""

from __future__ import annotations

from collections import deque, namedtuple

from enve_pm.app.placing import Placing
from enve_pm.core.address import parse as parse_address
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.effects import Apply, Define, Remove, Want
from enve_pm.core.goal import Goal
from enve_pm.core.unit import UnitSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.shell.home import Home, Kept

    Lines = dict[str, str]  # name -> the line as it was signed

PLAN = "plan"
REPORT = 200  # ms between two reports of the same part

# A set of lines to bring into force. ack: what the acceptor gave us, None: nobody is told.
# march: an operator has just sent it, so it overrides wants set by hand.
Order = namedtuple("Order", "ack old new march")


class Rollout:
    """`report` gets (ack, verdict, {name: (state, result)}, final);
    `below` gets the lines of sub-pms' units, whole, each time."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self.report: Callable[[Any, str, dict[str, tuple[str, str]], bool], None] = _nobody
        self.below: Callable[[Lines], None] = lambda lines: None
        self.lines: Lines = {}  # of this pm's own units, as they were planned
        self._by_hand: set[str] = set()  # units whose parameters the owner changed since
        self._engine = engine
        self._home = home
        self._waiting: deque[Order] = deque()
        self._order: Order | None = None
        self._specs: dict[str, UnitSpec] = {}
        self._watched: list[tuple[Order, Goal]] = []
        self._failed: dict[str, str] = {}  # spots of the last part whose placing failed
        self._reported = 0
        self._next = False  # a report is due at a set time

    def apply(self, ack: Any) -> None:
        """Bring a part into force that has been accepted (see contracts, section 10)."""
        self.take(Order(ack, ack.old, ack.new, bool(ack.stream)))

    def take(self, order: Order) -> None:
        self._waiting.append(order)
        self._proceed()

    @property
    def quiet(self) -> bool:
        """Nothing is being placed: a good moment to change the program."""
        return self._order is None and not self._waiting

    def _proceed(self) -> None:
        if self._order is not None or not self._waiting:
            return
        order = self._order = self._waiting.popleft()
        own, below = _split(order.new)
        changed = self._changed(own, order.march)
        self._specs = {name: read_line(own[name]) for name in changed}
        self._order = order._replace(old=_split(order.old)[0], new=own)
        self.below(below)
        placed = {name: own[name] for name in self._specs if self._places(name)}
        if placed:
            Placing(self._engine.loop, self._home.path, placed, self._placed)
        else:
            self._placed({})

    def _changed(self, own: Lines, march: bool) -> list[str]:
        """Lines that differ from what is in force; for a march also what was changed by hand."""
        again = set(self._engine.unplaced) | (self._by_hand if march else set())
        return [name for name, line in own.items() if self.lines.get(name) != line or name in again]

    def _places(self, name: str) -> bool:
        """Has it files or a product, or had it?"""
        unit = self._engine.machine.units.get(name)
        specs = [self._specs[name]] + ([unit.spec] if unit is not None else [])
        return any(spec.files or spec.product for spec in specs)

    def _placed(self, failed: dict[str, str]) -> None:
        """Files are there: now all changes at once."""
        order, self._order = self._order, None
        if order is None:
            return
        self._failed = failed
        events = self._events(order, failed)
        refusals = self._engine.judge(events)
        if refusals:
            self._refuse(order, refusals)
        else:
            self._engine.feed(events)
            self._keep(order, failed)
            self._watched.append((order, Goal("apply", list(order.new))))
        self._proceed()

    def _events(self, order: Order, failed: dict[str, str]) -> list[Any]:
        units = self._engine.machine.units
        events: list[Any] = [
            Remove(name) for name in order.old if name not in order.new and name in units
        ]
        for name, spec in self._specs.items():
            if name not in failed or name not in units:
                events.append(Define(name, spec))
        for name in order.new:
            if (name in self._specs and name not in units) or (order.march and name in units):
                want = self._specs[name].want if name in self._specs else units[name].spec.want
                events.append(Want(name, want, PLAN))
        events.extend(Apply(name) for name in self._specs if name not in failed and name in units)
        return events

    def _keep(self, order: Order, failed: dict[str, str]) -> None:
        """Remember on disk and here what is in force now."""
        for name in order.old:
            if name not in order.new:
                self.lines.pop(name, None)
        for name in self._specs:
            if name in failed:
                self._engine.unplaced[name] = failed[name]
                continue
            self._engine.unplaced.pop(name, None)
            self.lines[name] = order.new[name]
            self._by_hand.discard(name)
            self._home.define(name, order.new[name])

    def know(self, kept: Kept) -> None:
        """A unit that the disk has: this is what is in force."""
        self.lines[kept.name] = kept.planned or kept.line
        if kept.planned:
            self._by_hand.add(kept.name)

    def by_hand(self, spec: UnitSpec) -> None:
        """The owner has set properties: in force until the next march, over restarts too."""
        name = spec.unit
        self._by_hand.add(name)
        self._home.override(name, dumps(spec.raw).decode(), self.lines[name])
        self._engine.feed([Define(name, spec)])

    # -- telling how it goes ----------------------------------------------------------------------
    def _refuse(self, order: Order, refusals: list[Any]) -> None:
        spots = {refusal.unit: ("", str(refusal.reason)[:200]) for refusal in refusals}
        if order.ack is not None:
            self.report(order.ack, "failed", spots, True)

    def check(self) -> None:
        """After each turn of the machine: report what moved, at the end for good."""
        now = self._engine.loop.system.now()
        for order, goal in list(self._watched):
            outcome = goal.outcome(self._engine.machine)
            if outcome is not None:
                self._watched.remove((order, goal))
                self._tell(order, outcome[0] == 0, final=True)
            elif now - self._reported >= REPORT:
                self._tell(order, True, final=False)

    def _tell(self, order: Order, good: bool, final: bool) -> None:
        if order.ack is None:
            return
        self._reported = self._engine.loop.system.now()
        spots = {name: self._spot(name) for name in order.new}
        good = good and not self._failed
        verdict = ("applied" if good else "failed") if final else "accepted"
        self.report(order.ack, verdict, spots, final)

    def _spot(self, name: str) -> tuple[str, str]:
        unit = self._engine.machine.units.get(name)
        if unit is None:
            return ("", self._failed.get(name, "gone"))
        return (unit.state, self._failed.get(name, unit.result))


def read_line(text: str) -> UnitSpec:
    """The unit of a line. Raises FormatError, UnitError."""
    return UnitSpec.parse(loads(text.encode()))


def _split(lines: Lines) -> tuple[Lines, Lines]:
    """This pm's own units by their names, and those of sub-pms by their addresses."""
    own, below = {}, {}
    for name, line in lines.items():
        segments = parse_address(name)
        if len(segments) == 1:
            own[segments[0]] = line
        else:
            below[name] = line
    return own, below


def _nobody(ack: Any, verdict: str, spots: dict[str, tuple[str, str]], final: bool) -> None:
    """No acceptor: nobody waits for an answer."""
