"""The calendar as numbers: days and minutes since 1970-01-01, without a time zone.

(datetime would cost the resident program more memory than these lines.)
"""

from __future__ import annotations

HOUR = 60  # minutes
DAY = 24 * HOUR
_ERA = 146_097  # days of 400 years, after which everything comes again
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def date(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month of a day since 1970. (Years begin in March here, so that
    the leap day is their last.)"""
    era, rest = divmod(day + 719_468, _ERA)
    year = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    rest -= 365 * year + year // 4 - year // 100
    shifted = (5 * rest + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + 400 * era + (month <= 2), month, rest - (153 * shifted + 2) // 5 + 1


def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this date."""
    year -= month <= 2
    era, year = divmod(year, 400)
    shifted = month - 3 if month > 2 else month + 9
    rest = (153 * shifted + 2) // 5 + day - 1
    return era * _ERA + 365 * year + year // 4 - year // 100 + rest - 719_468


def weekday(day: int) -> int:
    """0 is Sunday."""
    return (day + 4) % 7


def length(year: int, month: int) -> int:
    """Days of a month."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + leap


def clock(minute: int) -> str:
    """`03:30`"""
    return "%02d:%02d" % divmod(minute % DAY, HOUR)


def stamp(minute: int) -> str:
    """`2027-06-01 03:30`"""
    return "%04d-%02d-%02d %s" % (*date(minute // DAY), clock(minute))
