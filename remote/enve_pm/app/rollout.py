"""An accepted part becomes what the units of this pm are: files placed, parameters, wants.

One part after the other. Lines that need stages may have to wait (see `holding`). Files are placed
first, by a child; then the machine takes all changes as one batch. A spot whose files could not be
placed keeps what it runs; a new one fails with that reason. What a unit that is gone leaves behind
is cleared between two parts (see `leaving`).
"""

from __future__ import annotations

from enve_pm.app.holding import Holding
from enve_pm.app.leaving import Leaving
from enve_pm.app.report import March
from enve_pm.app.share import Order, Share, read, unit_of
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.canonical import dumps
from enve_pm.core.digest import sha256
from enve_pm.core.effects import Apply, Define, Remove, Want
from enve_pm.core.lean import deque
from enve_pm.shell.complain import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.app.report import Reports
    from enve_pm.core.judge import Refusal
    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.state.home import Home, Kept

    Lines = dict[str, str]

PLAN = "plan"
TOLD = 20  # refusals that the log has of one order


class Rollout:
    """`below` gets the lines of all units in sub-pms, and whether they override what was set by
    hand there; `manual` the want set by hand of a unit, as an event, or None."""

    def __init__(self, engine: Engine, home: Home, reports: Reports) -> None:
        self.below: Callable[[Lines, bool], None] = lambda lines, march: None
        self.manual: Callable[[str], Want | None] = lambda unit: None
        self._lines: dict[str, str] = {}  # hashes of this pm's own units' lines, as planned
        self._nested: Lines = {}
        self._by_hand: set[str] = set()  # units whose parameters the owner changed since
        self._engine = engine
        self._home = home
        self._reports = reports
        self._waiting: deque[Order] = deque()
        self._share: Share | None = None
        self.holding = Holding(engine, self._released)
        reports.waits = self._waits
        reports.shown = self.holding.told
        self._leaving = Leaving(engine.loop, home, self._anew, self._proceed)
        engine.left = self._leaving.leave

    def apply(self, ack: Any) -> None:
        """Bring a part into force that has been accepted (see contracts, section 10)."""
        self.take(Order(ack, list(ack.old), ack.new, bool(ack.stream)))

    def whole(self, lines: Lines, ack: Any = None, march: bool = False) -> None:
        """These lines and no others; `march`: an operator has just sent them."""
        own = [format_address((name,)) for name in self._lines]
        self.take(Order(ack, [*own, *self._nested], lines, march))

    def add(self, lines: Lines) -> None:
        """These lines, beside what there is."""
        self.take(Order(None, [], lines, False))

    def take(self, order: Order) -> None:
        self._waiting.append(order)
        self._proceed()

    def _released(self, lines: Lines) -> None:
        """What these lines have waited for is there."""
        for address in lines:
            self._lines.pop(unit_of(address), None)  # also where only a hand has changed it
        self._reports.anew(map(unit_of, lines))
        self.add(lines)

    def _waits(self, names: Iterable[str]) -> bool:
        """Whether the end of a march with these units is not to be judged yet."""
        return bool(self._share or self._waiting) or self.holding.hopes(names)

    @property
    def quiet(self) -> bool:
        """Nothing is being placed: a good moment to change the program."""
        under_way = self._share or self._waiting
        return not (under_way or self._leaving.clearing or self._leaving.waits)

    # -- what is in force -------------------------------------------------------------------------
    def know(self, kept: Kept) -> None:
        """A unit that the disk has: this is what is in force."""
        self._lines[kept.name] = mark(kept.planned or kept.line)
        if kept.planned:
            self._by_hand.add(kept.name)

    def dump(self) -> dict[str, Any]:
        """What is in force, so that the next program need not read it all again."""
        by_hand = sorted(self._by_hand)
        held = self.holding.dump()
        return {"lines": self._lines, "nested": self._nested, "by_hand": by_hand, "held": held}

    def restore(self, state: dict[str, Any]) -> None:
        self._lines = state["lines"]
        self._nested = state["nested"]
        self._by_hand = set(state["by_hand"])
        self.holding.restore(state.get("held", {}))

    def by_hand(self, spec: UnitSpec) -> None:
        """The owner has set properties: in force until the next march, over restarts too."""
        self._by_hand.add(spec.unit)
        self._home.override(spec.unit, dumps(spec.raw).decode())
        self._engine.feed([Define(spec.unit, spec)])

    def _differs(self, name: str, line: str, march: bool) -> bool:
        """Is it another line than the one in force? For a march also: was it changed by hand?"""
        known = self._lines.get(name) == mark(line) and name not in self._engine.unplaced
        return not known or (march and name in self._by_hand)

    # -- one order --------------------------------------------------------------------------------
    def _proceed(self) -> None:
        if self._share is not None or self._leaving.clearing:
            return
        if self._leaving.waits:
            self._leaving.clear()
        elif self._waiting:
            self._begin()

    def _anew(self, unit: str) -> bool:
        return self._share is not None and unit in self._share.new

    def _begin(self) -> None:
        share = read(self._waiting.popleft(), self._differs)
        self._pass_down(share)
        self._share = share = self.holding.divide(share)
        placed = {name: share.new[name] for name in share.specs if self._places(share, name)}
        if placed:
            from enve_pm.app.placing import Placing  # a pm that places nothing needs none of it

            Placing(self._engine.loop, self._home.path, placed, self._placed)
        else:
            self._placed({})

    def _pass_down(self, share: Share) -> None:
        for address in share.order.old:
            self._nested.pop(address, None)
        self._nested.update(share.nested)
        self.below(dict(self._nested), share.order.march)

    def _places(self, share: Share, name: str) -> bool:
        """Has it files or a product, or had it?"""
        unit = self._engine.machine.units.get(name)
        specs = [share.specs[name]] + ([unit.spec] if unit is not None else [])
        return any(spec.files or spec.product for spec in specs)

    def _placed(self, failed: dict[str, str]) -> None:
        """Files are there: now all changes at once."""
        share, self._share = self._share, None
        try:
            if share is not None:
                self._bring_in(share, failed)
        finally:
            self._proceed()

    def _bring_in(self, share: Share, failed: dict[str, str]) -> None:
        ack = share.order.ack
        events = self._events(share, failed)
        refusals = self._engine.judge(events)
        if refusals:
            self._refuse(ack, refusals)
            return
        self._engine.feed(events)
        self._keep(share, failed)
        self._reports.unplaced(failed)
        if ack is not None:
            self._reports.add(March(ack, share.names, share.nested, failed, share.dropped()))

    def _refuse(self, ack: Any, refusals: list[Refusal]) -> None:
        """Nothing is changed; where nobody waits for an answer, as at a start, the log has it."""
        if ack is not None:
            self._reports.refuse(ack, refusals)
            return
        self._reports.unplaced({refusal.unit: str(refusal.reason) for refusal in refusals})
        for refusal in refusals[:TOLD]:
            complain("pm: not brought into force: %s: %s" % (refusal.unit, refusal.reason))

    def _events(self, share: Share, failed: dict[str, str]) -> list[Any]:
        units = self._engine.machine.units
        there = self._engine.units()
        gone = [name for name in share.old if name not in share.new and name in there]
        events: list[Any] = [Remove(name) for name in gone]
        good = {
            name: s for name, s in share.specs.items() if name not in failed or name not in units
        }
        events += [Define(name, spec) for name, spec in good.items()]
        for name in share.new:
            events += self._wants(share, name, good)
        events += self._ways(share)
        return events + [Apply(name) for name in (*good, *self._behind(share)) if name in units]

    def _behind(self, share: Share) -> list[str]:
        """Those whose last reload failed, and that nothing of this march changes: it is tried
        again, so that what their stages have made is taken over."""
        if not share.order.march:
            return []
        units, waits = self._engine.machine.units, self.holding.told
        names = [name for name in share.new if name in units and name not in share.specs]
        return [name for name in names if units[name].behind and not waits(name)]

    def _ways(self, share: Share) -> list[Want]:
        """A march that goes below ends what was wanted by hand of the pms on its way."""
        if not share.order.march:
            return []
        units = self._engine.machine.units
        names = {parse_address(address)[0] for address in share.nested} - share.new.keys()
        return [Want(n, units[n].spec.want, PLAN) for n in sorted(names) if n in units]

    def _wants(self, share: Share, name: str, good: dict[str, UnitSpec]) -> list[Want]:
        unit = self._engine.machine.units.get(name)
        if name in good:
            planned = Want(name, good[name].want, PLAN)
        elif unit is not None and share.order.march:
            planned = Want(name, unit.spec.want, PLAN)
        else:
            return []
        by_hand = None if share.order.march else self.manual(name)
        return [planned] if by_hand is None else [planned, by_hand]

    def _keep(self, share: Share, failed: dict[str, str]) -> None:
        """Remember on disk and here what is in force now."""
        for name in share.old:
            if name not in share.new:
                self._lines.pop(name, None)
        for name in share.specs:
            if name in failed:
                self._engine.unplaced[name] = failed[name]
                continue
            self._engine.unplaced.pop(name, None)
            self._by_hand.discard(name)
            self._lines[name] = mark(share.new[name])
            self._home.define(name, share.new[name])


def mark(line: str) -> str:
    """What tells one line from another."""
    return sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:16]
