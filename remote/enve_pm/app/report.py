"""How a march goes: the states of its spots, told while they move and once they have settled."""

from __future__ import annotations

from enve_pm.app.share import unit_of
from enve_pm.core import unitstate
from enve_pm.core.goal import Goal
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.shell.events.timer import Timer

    Spots = dict[str, tuple[str, str]]  # address below the node -> (state, result)

PAUSE = 200  # ms between two reports of the same march
ACCEPTED, APPLIED, FAILED = "accepted", "applied", "failed"


# The ack of lines that a parent pm sent: its job is answered when they are in force.
Load = namedtuple("Load", "job lane", defaults=("",))


class March:
    """One accepted part on its way. names: {unit of this pm: its address}; nested: addresses of
    units in sub-pms; failed: units whose files could not be placed, with the reason; dropped:
    addresses of what has to go, here and in sub-pms: waited for as well, and told as long as it is
    there; told: the spots as they were reported last."""

    __slots__ = ("ack", "dropped", "failed", "goal", "names", "nested", "told")

    def __init__(
        self,
        ack: Any,
        names: dict[str, str],
        nested: Iterable[str],
        failed: dict[str, str],
        dropped: Iterable[str] = (),
    ) -> None:
        self.ack = ack
        self.dropped = frozenset(dropped)
        going = {address: unit_of(address) for address in dropped}
        self.names = {**names, **{unit: address for address, unit in going.items() if unit}}
        below = (address for address, unit in going.items() if not unit)
        self.nested = list(dict.fromkeys((*nested, *below)))
        self.failed = failed
        self.goal = Goal("apply", list(self.names))
        self.told: Spots = {}


class Reports:
    """`report` takes (ack, verdict, spots, final); `loaded` the job of a load and its verdict.
    `nested` is asked for the spots of sub-pms, whether these have settled, and whether well; it
    gets their addresses, and which of them have to go."""

    def __init__(self, engine: Engine) -> None:
        self.report: Callable[[Any, str, Spots, bool], None] = _nobody
        self.loaded: Callable[[str, str, Spots], None] = lambda job, verdict, spots: None
        self.nested: Callable[..., tuple[Spots, bool, bool]] = _none_nested
        self.waits: Callable[[Iterable[str]], bool] = lambda names: False  # a line of one is held
        self.shown: Callable[[str], str] = lambda name: ""  # ... and what that waits for
        self.settle: Callable[[], None] = lambda: None  # puts the states of units on the disk
        self._engine = engine
        self._marches: list[March] = []
        self._timer: Timer | None = None

    def add(self, march: March) -> None:
        """Follow it to its end; an older one of the same lane is told once more and dropped."""
        for older in self._marches:
            if older.ack.lane == march.ack.lane:
                self._tell(older, FAILED, final=True)
        self._marches = [old for old in self._marches if old.ack.lane != march.ack.lane]
        self._marches.append(march)
        # Where nothing was to be changed no turn of the machine follows.
        self._engine.loop.at(self._engine.loop.system.now(), self.check)

    def anew(self, names: Iterable[str]) -> None:
        """The lines of these, which were held, come into force: what was settled is not."""
        released = set(names)
        for march in self._marches:
            if not released.isdisjoint(march.names):
                march.goal = Goal("apply", list(march.names))

    def unplaced(self, failed: dict[str, str]) -> None:
        """The files of these could not be placed."""
        for march in self._marches:
            march.failed.update((n, why) for n, why in failed.items() if n in march.names)

    def refuse(self, ack: Any, refusals: Iterable[Any]) -> None:
        """The machine will not carry this out: nothing was changed."""
        spots = {refusal.unit: ("", str(refusal.reason)[:200]) for refusal in refusals}
        self._send(ack, FAILED, spots, True)

    def check(self) -> None:
        """After each turn of the machine, and when a sub-pm has news. What has not been heard yet,
        or done, is not judged: the turn that does it calls again."""
        if self._engine.busy():
            return
        for march in list(self._marches):
            outcome = march.goal.outcome(self._engine.machine)
            nested, settled, well = self.nested(march.nested, march.dropped)
            if outcome is not None and settled and not self.waits(march.names):
                self._marches.remove(march)
                self.settle()  # who hears the last word may look at once
                held = any(map(self.shown, march.names))
                good = outcome[0] == 0 and not (held or march.failed) and well and not _bad(nested)
                self._tell(march, APPLIED if good else FAILED, final=True)
        if self._marches and self._timer is None:
            now = self._engine.loop.system.now()
            self._timer = self._engine.loop.at(now + PAUSE, self._progress)

    def _progress(self) -> None:
        self._timer = None
        for march in self._marches:
            if self._spots(march) != march.told:
                self._tell(march, ACCEPTED, final=False)

    def _tell(self, march: March, verdict: str, final: bool) -> None:
        march.told = self._spots(march)
        self._send(march.ack, verdict, march.told, final)

    def _send(self, ack: Any, verdict: str, spots: Spots, final: bool) -> None:
        if not isinstance(ack, Load):
            self.report(ack, verdict, spots, final)
        elif final:
            self.loaded(ack.job, verdict, spots)

    def _spots(self, march: March) -> Spots:
        spots = {address: self._spot(march, unit) for unit, address in march.names.items()}
        spots.update(self.nested(march.nested, march.dropped)[0])
        return {name: spot for name, spot in spots.items() if spot[0] or name not in march.dropped}

    def _spot(self, march: March, name: str) -> tuple[str, str]:
        unit = self._engine.machine.units.get(name)
        if unit is None:
            return ("", march.failed.get(name, "gone"))
        if unit.behind:  # it runs, by its old config
            why = unit.detail
        elif unit.state in unitstate.FAILED and unit.detail:
            why = f"{unit.result} ({unit.detail})"
        else:
            why = self.shown(name) or unit.result
        return (unit.state, march.failed.get(name, why))

    # -- over a change of program -----------------------------------------------------------------
    def dump(self) -> list[Any]:
        return [
            [isinstance(m.ack, Load), [*_short(m.ack)], m.names, m.nested, m.failed, [*m.dropped]]
            for m in self._marches
        ]

    def restore(self, rows: list[Any], accepted: Callable[..., Any]) -> None:
        """`accepted` makes an acceptor's ack of its fields."""
        for load, ack, *march in rows:
            made = Load(*ack) if load else accepted(*ack)
            self._marches.append(March(made, *march))


def _short(ack: Any) -> Any:
    """Without the lines, which nobody reads any more."""
    return ack if isinstance(ack, Load) else ack._replace(old={}, new={})


def _bad(nested: Spots) -> bool:
    return any(state in ("FAIL", "STARTING_FAIL") for state, _ in nested.values())


def _none_nested(names: list[str], dropped: Iterable[str] = ()) -> tuple[Spots, bool, bool]:
    return {}, True, True


def _nobody(ack: Any, verdict: str, spots: Spots, final: bool) -> None:
    """No acceptor: nobody waits for an answer."""
