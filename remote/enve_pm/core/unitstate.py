"""Unit: what the machine knows about one unit at one moment."""

from __future__ import annotations

from enve_pm.core import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.unit import UnitSpec


class Unit:
    """Read-only for everybody but the machine. Times: ms of CLOCK_MONOTONIC."""

    __slots__ = (
        "active",
        "asked",
        "asked_why",
        "detail",
        "name",
        "pid",
        "planned",
        "restarts",
        "result",
        "since",
        "spec",
        "stale",
        "state",
        "want",
        "why",
    )

    def __init__(self, name: str, spec: UnitSpec, now: int) -> None:
        self.name = name
        self.spec = spec  # the newest parameters: what `cat` shows and the next start takes
        self.active: UnitSpec | None = None  # those in force; None while nothing runs
        self.state = states.STOPPED
        self.want = states.DOWN  # what the machine drives at: asked for, or pulled in
        self.why = ""  # plan | manual by WHO | pulled in by X
        self.asked = states.DOWN  # the unit's own want and its reason: what must survive a crash
        self.asked_why = ""
        self.planned = states.DOWN  # what the plan wants, beside a want set by hand
        self.result = "ok"  # ok exit:N signal:N timeout dependency:X missing:X unkillable exec:E
        self.since = now  # of the state
        self.restarts = 0  # automatic ones, until reset-failed
        self.pid = 0  # of the main process
        self.stale = states.FRESH
        self.detail = ""

    @property
    def drift(self) -> bool:
        """Whether a want set by hand stands against the plan's."""
        return self.asked != self.planned
