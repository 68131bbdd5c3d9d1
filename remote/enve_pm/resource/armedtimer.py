"""One armed timer: when it fires next, between two clocks, and the words for that."""

from __future__ import annotations

from enve_pm.core import cron, firing
from enve_pm.core.canonical import dumps
from enve_pm.core.digest import sha256
from enve_pm.core.firing import MINUTE
from enve_pm.core.wallclock import following

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from enve_pm.core.cron import Schedule
    from enve_pm.shell.events.system import System

AGAIN = 60_000  # ms between two looks at the wall clock
LEAST = 50  # ... also where it stands still, shortly before a time
CARRIED = ("ahead", "base", "due", "last", "late", "said")  # over a change of program


class ArmedTimer:
    """last: when it fired, or was armed first; base: from when the next time counts; due: that time
    (of the wall clock, or of ours for `every`); late: how much it is put off; ahead: of local time
    then. Milliseconds, ahead minutes."""

    __slots__ = ("_system", "ahead", "base", "body", "due", "last", "late", "said", "schedule")

    def __init__(self, body: Mapping[str, Any], system: System) -> None:
        self.body = body
        self.schedule: Schedule | None = cron.parse(body["at"]) if "at" in body else None
        self.last = self.base = self.due = self.late = self.ahead = 0
        self.said = ""
        self._system = system

    @property
    def mark(self) -> str:
        """Tells what it does, and when, from anything else."""
        keys = [self.body.get(key, 0) for key in ("at", "every", "unit", "do")]
        return sha256(dumps(keys)).hexdigest()[:16]

    @property
    def kept(self) -> str:
        """The text of units/NAME/fired."""
        return "%d %s %s" % (self.last, self.mark, self.said)

    # -- when --------------------------------------------------------------------------------------
    def begin(self, wall: int) -> None:
        """Go on from `last`."""
        self.base = self.last
        self.put_off()
        if self.schedule is None:
            rest = firing.rest(self.body["every"], self.last, wall, self._catches_up(wall))
            self.due = self._system.now() + rest
        else:
            self.count(wall)
            if self.due + self.late <= wall and self._catches_up(wall):
                self.due = wall  # many nodes may have come back together

    def count(self, wall: int) -> None:
        """The next of the times that `at` names."""
        assert self.schedule is not None  # noqa: S101
        self.base = firing.base(self.base, wall)
        minute = following(self.schedule, self.base // MINUTE, self._system.ahead)
        self.due, self.ahead = minute * MINUTE, self._system.ahead(minute)

    def put_off(self) -> None:
        self.late = self._system.below(self.body.get("jitter", 0) + 1)

    def again(self, now: int) -> None:
        """The next interval."""
        every = self.body["every"]
        self.due = self.due + every if self.due + every > now else now + every

    def passes(self, wall: int) -> bool:
        """Its time has come, and the next one counts; whether it fires, or has missed it."""
        what = firing.look(self.due + self.late, wall, self._catches_up(wall))
        self.base = wall
        self.count(wall)
        return what == firing.FIRE

    def moved(self) -> bool:
        """The local time is not as far ahead then as it was thought to be."""
        return self._system.ahead(self.due // MINUTE) != self.ahead

    def wait(self, wall: int, now: int) -> int:
        """How long nobody has to look."""
        if self.schedule is None:
            return self.due + self.late - now
        left = self.due + self.late - wall
        return min(AGAIN, max(left, LEAST)) if left > 0 else 0

    def _catches_up(self, wall: int) -> bool:
        if not self.body.get("catch_up", False):
            return False
        if self.schedule is None:
            return True
        last = self.last // MINUTE
        return following(self.schedule, last, self._system.ahead) * MINUTE <= wall

    def shown(self) -> str:
        """For people."""
        wall, due = self._system.wall(), self.due + self.late
        if self.schedule is None:
            due += wall - self._system.now()
        shown = firing.shown(due, wall, self._system.ahead(due // MINUTE))
        return "next " + shown + (", last " + self.said if self.said else "")

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[Any]:
        return [getattr(self, key) for key in CARRIED]

    def restore(self, values: Iterable[Any]) -> None:
        for key, value in zip(CARRIED, values):  # noqa: B905  (not in Python 3.8)
            setattr(self, key, value)
