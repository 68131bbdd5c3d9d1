"""`at` of a timer: the five fields of cron, and which minutes of the calendar they mean.

    minute 0-59 · hour 0-23 · day of the month 1-31 · month 1-12, jan-dec · weekday 0-7, sun-sat
    each: * or A or A-B, with /STEP after * or A-B; several with commas. Or one of NAMED.

Where day of the month and weekday are both said (neither begins with *), one of them is enough.
Everything that this cannot mean is refused: `?`, `L`, `5/10`, ranges that go backwards.
"""

from __future__ import annotations

from enve_pm.core import civil
from enve_pm.core.civil import DAY, HOUR
from enve_pm.core.lean import namedtuple

# Sets of numbers. both: day of the month and weekday must fit, not one of them. fixed: at certain
# times of the day, not again and again: see `wallclock`.
Schedule = namedtuple("Schedule", "minutes hours days months weekdays both fixed")

NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST = 256  # characters
HORIZON = 41  # years: a 29th of February on one weekday can be 40 years away

# name, least, most, words and what the first of them means
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], int], ...] = (
    ("minute", 0, 59, (), 0),
    ("hour", 0, 23, (), 0),
    ("day of the month", 1, 31, (), 0),
    ("month", 1, 12, MONTHS, 1),
    ("weekday", 0, 7, WEEKDAYS, 0),
)


class CronError(ValueError):
    """(wanted, found)"""


def parse(text: str) -> Schedule:
    """Raises CronError."""
    if len(text) > LONGEST:
        raise CronError("at most %d characters" % LONGEST, text)
    words = NAMED.get(text.strip().lower(), text).split()
    if len(words) != len(_FIELDS):
        names = " ".join(sorted(NAMED))
        raise CronError("five fields (minute hour day month weekday) or one of " + names, text)
    minutes, hours, days, months, weekdays = map(_field, words, _FIELDS)
    stars = [word.startswith("*") for word in words]
    weekdays = frozenset(number % 7 for number in weekdays)
    schedule = Schedule(
        minutes, hours, days, months, weekdays, stars[2] or stars[4], not (stars[0] or stars[1])
    )
    if first(schedule, 0) is None:
        raise CronError("a day that some year has", text)
    return schedule


def _field(word: str, field: tuple[str, int, int, tuple[str, ...], int]) -> frozenset[int]:
    found: set[int] = set()
    for piece in word.split(","):
        found.update(_piece(piece, field))
    return frozenset(found)


def _piece(piece: str, field: tuple[str, int, int, tuple[str, ...], int]) -> range:
    name, least, most, _, _ = field
    span, slash, step = piece.partition("/")
    low, dash, high = span.partition("-")
    if span == "*":
        start, end = least, most
    else:
        start = _number(low, field, piece)
        end = _number(high, field, piece) if dash else start
    if start > end:
        raise CronError("a range of the %s that goes up" % name, piece)
    if slash and not (dash or span == "*"):
        raise CronError("a step after * or a range (%s-%d/%s)" % (low, most, step), piece)
    if slash and not (_digits(step) and 0 < int(step) <= most):
        raise CronError("a step of 1 to %d for the %s" % (most, name), piece)
    return range(start, end + 1, int(step) if slash else 1)


def _number(text: str, field: tuple[str, int, int, tuple[str, ...], int], piece: str) -> int:
    name, least, most, words, offset = field
    if text.lower() in words:
        return words.index(text.lower()) + offset
    if not _digits(text) or not least <= int(text) <= most:
        also = " or %s-%s" % (words[0], words[-1]) if words else ""
        raise CronError("%d to %d%s for the %s" % (least, most, also, name), piece)
    return int(text)


def _digits(text: str) -> bool:
    return 0 < len(text) <= 4 and text.isascii() and text.isdigit()


# -- which minutes --------------------------------------------------------------------------------
def first(schedule: Schedule, minute: int) -> int | None:
    """The first minute of the calendar that it means, from this one on (both since 1970)."""
    day, clock = divmod(minute, DAY)
    if _on(schedule, day):
        found = _time(schedule, clock)
        if found is not None:
            return day * DAY + found
    following = _day(schedule, day + 1)
    earliest: int = min(schedule.hours) * HOUR + min(schedule.minutes)
    return None if following is None else following * DAY + earliest


def _time(schedule: Schedule, clock: int) -> int | None:
    """The first time of a day that is not before `clock`."""
    hour, minute = divmod(clock, HOUR)
    if hour in schedule.hours:
        later: list[int] = [one for one in schedule.minutes if one >= minute]
        if later:
            return hour * HOUR + min(later)
    hours: list[int] = [one for one in schedule.hours if one > hour]
    earliest: int = min(schedule.minutes)
    return min(hours) * HOUR + earliest if hours else None


def _day(schedule: Schedule, day: int) -> int | None:
    """The first day that it means, from this one on."""
    year, month, at = civil.date(day)
    last = year + HORIZON
    while year <= last:
        if month in schedule.months:
            begin = civil.day_number(year, month, 1)
            for number in range(at, civil.length(year, month) + 1):
                if _fits(schedule, number, civil.weekday(begin + number - 1)):
                    return begin + number - 1
        year, month, at = year + month // 12, month % 12 + 1, 1
    return None


def _on(schedule: Schedule, day: int) -> bool:
    _, month, number = civil.date(day)
    return month in schedule.months and _fits(schedule, number, civil.weekday(day))


def _fits(schedule: Schedule, number: int, weekday: int) -> bool:
    by_number, by_weekday = number in schedule.days, weekday in schedule.weekdays
    return by_number and by_weekday if schedule.both else by_number or by_weekday
