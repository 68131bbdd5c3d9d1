"""When a schedule of the calendar comes next on a clock that is put forward and back.

Minutes since 1970 (UTC); `offset(minute)` says how far the local time is ahead then. As cron does:

- What runs again and again (minute or hour begins with *) goes by what the clock shows: the hour
  that comes twice counts twice, the one that is left out counts not at all.
- What has fixed times runs once for each: the first time it is shown, and at the moment in which
  the clock is put forward over it.
"""

from __future__ import annotations

from enve_pm.core import cron
from enve_pm.core.civil import DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.core.cron import Schedule

    Offset = Callable[[int], int]

STEP = 180  # minutes: no clock is put forward and back again within


def following(schedule: Schedule, now: int, offset: Offset) -> int:
    """The next minute after `now`."""
    at, ahead = now, offset(now)
    local = max(at + ahead + 1, _shown_before(schedule, now, offset))
    while True:
        found = cron.first(schedule, local)
        assert found is not None  # noqa: S101  (`parse` has seen one)
        candidate = found - ahead
        change = _change(offset, at, min(candidate, at + DAY))
        if change is None and candidate <= at + DAY:
            return candidate
        if change is None:
            # Nothing in between; where the clock is put back there, all that is shown is new.
            at = max(at + DAY, candidate - 2 * DAY)
            ahead = offset(at)
            local = max(local, at + ahead)
        else:
            before, at, ahead = ahead, change, offset(change)
            if schedule.fixed and ahead > before and found < at + ahead:
                return at
            local = at + max(before, ahead) if schedule.fixed else at + ahead


def _shown_before(schedule: Schedule, now: int, offset: Offset) -> int:
    """Fixed times before this local minute have had their turn: the clock was put back."""
    change = _change(offset, now - DAY, now) if schedule.fixed else None
    return 0 if change is None else change + offset(now - DAY)


def _change(offset: Offset, begin: int, end: int) -> int | None:
    """The first minute after `begin`, up to `end`, in which the clock is put forward or back."""
    before, low = offset(begin), begin
    while low < end:
        high = min(low + STEP, end)
        if offset(high) != before:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            return high
        low = high
    return None
