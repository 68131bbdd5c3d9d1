"""Unit: what the machine knows about one unit at one moment."""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.lean import attrgetter
from enve_pm.core.unit import UnitSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OK = "ok"
SHUTDOWN = "shutdown"  # the `why` of a want when pm ends
# States in which something of the unit may run or exist.
LIVE = frozenset((states.STARTING, states.RUNNING, states.SCHE_STOP, states.STOPPING))
FAILED = frozenset((states.STARTING_FAIL, states.FAIL))

# What `dump` writes, beside the specs: name -> value of a unit that never did anything.
PLAIN: dict[str, Any] = {
    "state": states.STOPPED,
    "want": states.DOWN,
    "why": "",
    "asked": states.DOWN,
    "asked_why": "",
    "planned": states.DOWN,
    "by_hand": False,
    "called": "",
    "result": OK,
    "detail": "",
    "since": 0,
    "restarts": 0,
    "pid": 0,
    "stale": states.FRESH,
    "run": 0,
    "step": "",
    "side": 0,
    "side_step": "",
    "due": -1,
    "side_due": -1,
    "grace_due": -1,
    "pause": 0,
    "streak": 0,
    "up_at": -1,
    "sick": 0,
    "well": 0,
    "again": False,
    "renew": False,
    "rest": False,
    "stuck": False,
    "over": False,
    "removing": False,
    "left": False,
    "behind": False,
    "reloads": False,
    "follows": "",
    "made": False,
    "lock": "",
    "doom": "",
    "todo": "",
    "killed": 0,
}
SPECS = ("active", "owed")  # parameters beside `spec`
_PLAIN = tuple(PLAIN.values())
_values = attrgetter(*PLAIN)


class Unit:
    """Read-only for everybody but the machine. Times: ms of CLOCK_MONOTONIC, -1 = none.

    For the shell: name spec active state want why asked asked_why planned drift result since
    restarts pid stale detail run step side side_step. The rest is the machine's memory.
    """

    # hard soft held unmet are counted from the neighbours; marked is false between turns.
    __slots__ = (
        "active",
        "hard",
        "held",
        "index",
        "marked",
        "name",
        "owed",
        "soft",
        "spec",
        "unmet",
        *PLAIN,
    )

    if TYPE_CHECKING:
        name: str
        index: int  # order of definition: decides where nothing else does
        spec: UnitSpec  # the newest parameters: what `cat` shows and the next start takes
        active: UnitSpec | None  # those in force; None while nothing runs
        owed: UnitSpec | None  # those by which something was made that may still be there
        state: str
        want: str  # what the machine drives at: asked for, or pulled in
        why: str  # "plan", "manual by WHO", "pulled in by X"
        asked: str  # the unit's own want: with its reason what must survive a crash
        asked_why: str
        planned: str  # what the plan wants
        by_hand: bool  # asked by hand, not by the plan
        called: str  # who has it run until it ends, though it is not asked for: "timer X"
        result: str  # ok exit:N signal:N timeout dependency:X missing:X unkillable exec:ENOENT
        detail: str  # a few words for people
        since: int  # of the state
        restarts: int  # automatic ones of these parameters, until reset-failed
        pid: int  # of the main process
        stale: str  # "" live reload restart: what brings `spec` into force
        run: int  # number of the main step under way, 0 = none
        step: str  # which step that is or was
        side: int  # number of the step beside it: a check of readiness or of a resource, a reload
        side_step: str
        due: int
        side_due: int
        grace_due: int
        pause: int  # ms before the next readiness check
        streak: int  # short runs in a row
        up_at: int  # when it last came up
        sick: int  # health checks that failed, in a row
        well: int  # when it was last known to be well, since it came up
        again: bool  # must stop once, for a restart
        renew: bool  # an ordered restart is under way, from its request until RUNNING or a failure
        rest: bool  # stays down though wanted up, until somebody wakes it
        stuck: bool  # lost a need; waits until all needs are RUNNING
        over: bool  # the failure's timeout has passed, something still runs
        removing: bool
        left: bool  # its undo failed: what it made may still be there
        behind: bool  # the last reload failed
        reloads: bool  # a reload is asked for and has not begun
        follows: str  # what it shall do once its stages are there: "" reload restart
        made: bool  # its make has ended well in this start
        lock: str  # the excl that it holds or waits for
        doom: str  # why it is being stopped as one that has failed
        todo: str  # UNDO, while something must be gone first
        killed: int  # 1 asked to stop, 2 killed
        hard: int  # dependents that are wanted up and need it
        soft: int  # ... and want it
        held: int  # dependents that need it and are live
        unmet: int  # needs that are not RUNNING
        marked: bool

    def __init__(self, name: str, index: int, spec: UnitSpec, now: int) -> None:
        for slot, value in PLAIN.items():
            setattr(self, slot, value)
        self.name = name
        self.index = index
        self.spec = spec
        self.active = self.owed = None
        self.since = now
        self.hard = self.soft = self.held = self.unmet = 0
        self.marked = False

    @property
    def drift(self) -> bool:
        """Whether a want set by hand stands against the plan's. The end of pm is no such want."""
        strays = self.by_hand and self.asked != self.planned
        return strays and self.asked_why != SHUTDOWN

    @property
    def busy(self) -> bool:
        """Whether anything of it still runs."""
        return bool(self.run or self.side)

    @property
    def kind(self) -> str:
        """The kind of what runs, else of what would be started."""
        return (self.active or self.spec).kind

    @property
    def checked(self) -> bool:
        """Whether a check judges what runs, else what would be started."""
        return (self.active or self.spec).checked


def dump(unit: Unit) -> dict[str, Any]:
    """The unit as JSON-able data: what differs from a unit that never did anything."""
    values = zip(PLAIN, _values(unit), _PLAIN)  # noqa: B905  (not in Python 3.8)
    data = {key: value for key, value, plain in values if value != plain}
    data["name"] = unit.name
    data["index"] = unit.index
    data["spec"] = unit.spec.raw
    for key in SPECS:
        spec = getattr(unit, key)
        if spec is not None:
            data[key] = 0 if spec is unit.spec else spec.raw
    return data


def load(data: dict[str, Any], now: int) -> Unit:
    """The unit that `dump` described."""
    name = data["name"]
    unit = Unit(name, data["index"], UnitSpec.again(data["spec"], name), now)
    unit.since = 0
    for slot, value in data.items():
        if slot in PLAIN:
            setattr(unit, slot, value)
    for key in SPECS:
        raw = data.get(key)
        if raw is not None:
            setattr(unit, key, UnitSpec.again(raw, name) if raw else unit.spec)
    return unit
