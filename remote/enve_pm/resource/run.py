"""A run: one step of one unit that is under way, with all the processes that it has.

    launcher   what pm spawned: leads a session of its own
    main       the process that counts: the launcher, or the daemon that it left behind
    orphans    other processes of the run that lost their parents and are pm's children now

A run is over when the main process and every orphan are reaped.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from typing import Any

    from enve_pm.shell.events.timer import Timer


# Most runs have no orphans: all of these share one empty set.
NOBODY: AbstractSet[int] = frozenset()


class Run:
    """`code` is None while the main process lives; `asked`: the machine sent it a signal that ends
    it; `killing`: what is left, and what turns up, is killed without further notice."""

    __slots__ = (
        "announced",
        "asked",
        "code",
        "fate",
        "init",
        "job",
        "killing",
        "launcher",
        "main",
        "number",
        "orphans",
        "patience",
        "ready",
        "start",
        "starved",
        "step",
        "timer",
        "told",
        "uid",
        "unit",
        "watch",
        "why",
    )

    def __init__(self, unit: str, number: int, step: str, job: str) -> None:
        self.unit = unit
        self.number = number
        self.step = step
        self.job = job
        self.launcher = 0
        self.main = 0
        self.start = 0  # of the main process, ticks since boot
        self.uid = 0  # whose its processes are, see `Order`
        self.code: int | None = None
        self.announced = 0  # the daemon that says it counts, until it is the main process
        self.fate: int | None = None  # ... how that ended, if it never became so
        self.patience = 0  # until when its end waits for a process that may be its own (ms)
        self.asked = False
        self.killing = False
        self.ready = False
        self.init = False  # the main process is the first of a pid namespace
        self.starved = False  # something of it was killed for want of memory
        self.orphans = NOBODY
        self.told = NOBODY  # orphans that have had their signal
        self.timer: Timer | None = None
        self.why = ""  # what the step says of its end
        self.watch: Any = None  # how readiness is waited for, see `readiness`

    def adopt(self, pid: int) -> None:
        """One more orphan. There may be many thousands: their set is not copied for each."""
        if not isinstance(self.orphans, set):
            self.orphans = set(self.orphans)
        self.orphans.add(pid)

    def lose(self, pid: int) -> None:
        """An orphan has ended, or is the main process now."""
        for some in (self.orphans, self.told):
            if isinstance(some, set):
                some.discard(pid)

    def dump(self) -> dict[str, Any]:
        """The run for the next program."""
        row = {name: getattr(self, name) for name in DUMPED}
        return {**row, "orphans": sorted(self.orphans)}


DUMPED = (
    "unit",
    "number",
    "step",
    "job",
    "launcher",
    "main",
    "start",
    "uid",
    "code",
    "asked",
    "killing",
    "ready",
    "init",
)


def restore(row: dict[str, Any]) -> Run:
    """The run that `dump` wrote down."""
    run = Run(row["unit"], row["number"], row["step"], row["job"])
    for name in DUMPED:
        setattr(run, name, row.get(name, False))
    run.orphans = set(row["orphans"]) or NOBODY
    return run
