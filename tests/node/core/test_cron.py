"""`at` of a timer: what is read, which minutes it means, and what clocks that jump make of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve_pm.core import civil, cron
from enve_pm.core.wallclock import following

EPOCH = date(1970, 1, 1)
BERLIN, HOWE, APIA = "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"


def minute(text: str) -> int:
    """`2027-03-28 02:30` as minutes since 1970, without a time zone."""
    return int(datetime.fromisoformat(text + "+00:00").timestamp()) // 60


def clock(zone: str) -> Callable[[int], int]:
    info = ZoneInfo(zone)

    def offset(at: int) -> int:
        ahead = datetime.fromtimestamp(at * 60, info).utcoffset()
        assert ahead is not None
        return ahead // timedelta(minutes=1)

    return offset


def utc(at: int) -> int:
    return 0


# -- the calendar ---------------------------------------------------------------------------------
@given(st.dates())
def test_dates(day: date) -> None:
    number = (day - EPOCH).days
    assert civil.date(number) == (day.year, day.month, day.day)
    assert civil.day_number(day.year, day.month, day.day) == number
    assert civil.weekday(number) == day.isoweekday() % 7
    following_month = (
        date(day.year + day.month // 12, day.month % 12 + 1, 1) if (day.year < 9999) else None
    )
    if following_month:
        assert civil.length(day.year, day.month) == (following_month - day.replace(day=1)).days


def test_shown() -> None:
    assert civil.stamp(minute("2027-06-01 03:05")) == "2027-06-01 03:05"
    assert civil.clock(minute("2027-06-01 23:59")) == "23:59"


# -- reading --------------------------------------------------------------------------------------
GOOD = [
    ("* * * * *", "2027-01-01 00:00", "2027-01-01 00:01"),
    ("30 3 * * *", "2027-01-01 03:30", "2027-01-02 03:30"),
    ("*/10 * * * *", "2027-01-01 23:50", "2027-01-02 00:00"),
    ("5-59/20 8-10 * * *", "2027-01-01 10:26", "2027-01-01 10:45"),
    ("5-59/20 8-10 * * *", "2027-01-01 10:45", "2027-01-02 08:05"),
    ("0 0 1,15 * *", "2027-01-02 00:00", "2027-01-15 00:00"),
    ("0 0 * jan-MAR,dec *", "2027-03-31 00:00", "2027-12-01 00:00"),
    ("0 9 * * mon-fri", "2027-01-01 09:00", "2027-01-04 09:00"),  # the 1st is a Friday
    ("0 9 * * 7", "2027-01-01 09:00", "2027-01-03 09:00"),
    ("0 9 * * 5-7", "2027-01-01 09:00", "2027-01-02 09:00"),
    ("0 0 29 2 *", "2027-01-01 00:00", "2028-02-29 00:00"),
    ("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"),
    ("0 0 29 2 */7", "2064-03-01 00:00", "2088-02-29 00:00"),  # on a Sunday
    ("0 0 31 * *", "2027-01-31 00:00", "2027-03-31 00:00"),
    # Day of the month and weekday: one is enough ...
    ("0 0 13 * fri", "2027-01-01 00:00", "2027-01-08 00:00"),
    ("0 0 13 * fri", "2027-01-08 00:00", "2027-01-13 00:00"),
    ("0 0 30 2 mon", "2027-01-01 00:00", "2027-02-01 00:00"),
    # ... unless one of them begins with *.
    ("0 0 */2 * fri", "2027-01-01 00:00", "2027-01-15 00:00"),
    ("@hourly", "2027-01-01 00:59", "2027-01-01 01:00"),
    ("@Daily", "2027-01-01 00:00", "2027-01-02 00:00"),
    ("@midnight", "2027-01-01 00:00", "2027-01-02 00:00"),
    ("@weekly", "2027-01-01 00:00", "2027-01-03 00:00"),
    ("@monthly", "2027-01-01 00:00", "2027-02-01 00:00"),
    ("@yearly", "2027-01-01 00:00", "2028-01-01 00:00"),
    ("@annually", "2027-12-31 23:59", "2028-01-01 00:00"),
]


@pytest.mark.parametrize(("text", "now", "then"), GOOD)
def test_the_next_time(text: str, now: str, then: str) -> None:
    assert civil.stamp(following(cron.parse(text), minute(now), utc)) == then


BAD = [
    ("", "five fields"),
    ("* * * *", "five fields"),
    ("* * * * * *", "five fields"),
    ("@reboot", "five fields"),
    ("60 * * * *", "0 to 59 for the minute"),
    ("* 24 * * *", "0 to 23 for the hour"),
    ("* * 0 * *", "1 to 31 for the day of the month"),
    ("* * * 13 *", "1 to 12 or jan-dec for the month"),
    ("* * * * 8", "0 to 7 or sun-sat for the weekday"),
    ("* * * foo *", "jan-dec"),
    ("5-1 * * * *", "goes up"),
    ("* * * * sat-sun", "goes up"),
    ("5/10 * * * *", "a step after"),
    ("*/0 * * * *", "a step of 1 to 59"),
    ("*/x * * * *", "a step of"),
    ("*/ * * * *", "a step of"),
    ("1- * * * *", "0 to 59"),
    ("-1 * * * *", "0 to 59"),
    ("1,,2 * * * *", "0 to 59"),
    ("? * * * *", "0 to 59"),
    ("* * L * *", "1 to 31"),
    ("٣ * * * *", "0 to 59"),
    ("0 0 30 2 *", "some year has"),
    ("0 0 31 4,6,9,11 *", "some year has"),
    ("0 " * 200, "256"),
]


@pytest.mark.parametrize(("text", "wanted"), BAD)
def test_what_it_cannot_mean(text: str, wanted: str) -> None:
    with pytest.raises(cron.CronError) as caught:
        cron.parse(text)
    assert wanted in caught.value.args[0]


# -- clocks that are put forward and back ---------------------------------------------------------
JUMPS = [
    # 02:00 -> 03:00 on 2027-03-28 at 01:00 UTC; 03:00 -> 02:00 on 2027-10-31 at 01:00 UTC
    (BERLIN, "30 2 * * *", "2027-03-27 02:00", "2027-03-28 01:00"),  # left out: at the jump
    (BERLIN, "30 2 * * *", "2027-03-28 01:00", "2027-03-29 00:30"),
    (BERLIN, "0,30 2,3 * * *", "2027-03-28 00:59", "2027-03-28 01:00"),
    (BERLIN, "0,30 2,3 * * *", "2027-03-28 01:00", "2027-03-28 01:30"),
    (BERLIN, "30 * * * *", "2027-03-28 00:30", "2027-03-28 01:30"),
    (BERLIN, "*/20 2 * * *", "2027-03-27 01:40", "2027-03-29 00:00"),
    (BERLIN, "30 2 28 3 *", "2026-06-01 00:00", "2027-03-28 01:00"),
    (BERLIN, "30 2 * * *", "2027-10-30 01:00", "2027-10-31 00:30"),  # twice: the first time
    (BERLIN, "30 2 * * *", "2027-10-31 00:30", "2027-11-01 01:30"),
    (BERLIN, "30 2 * * *", "2027-10-31 01:10", "2027-11-01 01:30"),
    (BERLIN, "0 3 * * *", "2027-10-31 00:59", "2027-10-31 02:00"),
    (BERLIN, "30 * * * *", "2027-10-31 00:30", "2027-10-31 01:30"),
    (BERLIN, "*/20 2 * * *", "2027-10-31 00:40", "2027-10-31 01:00"),
    (BERLIN, "* 2 29-31 10 *", "2027-10-31 00:59", "2027-10-31 01:00"),
    (HOWE, "45 1 * * *", "2027-04-03 13:00", "2027-04-03 14:45"),  # by half an hour only
    (HOWE, "45 1 * * *", "2027-04-03 14:45", "2027-04-04 15:15"),
    (APIA, "0 12 30 12 *", "2011-12-01 00:00", "2011-12-30 10:00"),  # a day that was left out
]


@pytest.mark.parametrize(("zone", "text", "now", "then"), JUMPS)
def test_jumps(zone: str, text: str, now: str, then: str) -> None:
    found = following(cron.parse(text), minute(now), clock(zone))
    assert civil.stamp(found) == then


def _field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    step = st.tuples(span | st.just("*"), st.integers(1, most)).map(
        lambda two: f"{two[0]}/{two[1]}"
    )
    piece = number.map(str) | span | step
    return st.just("*") | st.lists(piece, min_size=1, max_size=3).map(",".join)


FIELDS = st.tuples(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 7)).map(
    " ".join
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(
    lambda at: int(at.replace(tzinfo=UTC).timestamp()) // 60
)
# Around a jump more often than not.
NEAR = st.builds(
    lambda jump, by: minute(jump) + by,
    st.sampled_from(("2027-03-28 01:00", "2027-10-31 01:00", "2027-04-03 15:00")),
    st.integers(-300, 300),
)


def _fits(schedule: cron.Schedule, local: int) -> bool:
    return cron.first(schedule, local) == local


def _brute(schedule: cron.Schedule, now: int, offset: Callable[[int], int], end: int) -> int | None:
    """Minute by minute, as the words of `wallclock` say it."""
    seen = max(at + offset(at) for at in range(now - 2 * civil.DAY, now + 1))
    for at in range(now + 1, end):
        local = at + offset(at)
        if schedule.fixed:
            if any(_fits(schedule, one) for one in range(seen + 1, local + 1)):
                return at
            seen = max(seen, local)
        elif _fits(schedule, local):
            return at
    return None


@settings(deadline=None, max_examples=60)
@given(FIELDS, NEAR | MOMENTS, st.sampled_from((BERLIN, HOWE, "UTC")))
def test_it_is_the_first_time_that_fits(text: str, now: int, zone: str) -> None:
    schedule, offset = cron.parse(text), clock(zone)
    found = following(schedule, now, offset)
    assert found > now
    end = now + 600
    assert _brute(schedule, now, offset, end) == (found if found < end else None)


@settings(deadline=None)
@given(FIELDS, MOMENTS, st.sampled_from((BERLIN, HOWE, APIA, "America/New_York")))
def test_times_come_one_after_the_other(text: str, now: int, zone: str) -> None:
    """From wherever one asks before it, the next time is the same one."""
    schedule, offset = cron.parse(text), clock(zone)
    one = following(schedule, now, offset)
    assert following(schedule, (now + one) // 2 if now < one - 1 else now, offset) == one
    assert following(schedule, one, offset) > one


@settings(deadline=None)
@given(st.integers(0, 59), st.integers(0, 23), MOMENTS, st.sampled_from((BERLIN, HOWE)))
def test_a_fixed_time_comes_once_a_day(clock_minute: int, hour: int, now: int, zone: str) -> None:
    schedule, offset = cron.parse(f"{clock_minute} {hour} * * *"), clock(zone)
    for _ in range(3):
        then = following(schedule, now, offset)
        again = following(schedule, then, offset)
        assert 22 * 60 <= again - then <= 26 * 60
        now = again + 90 * civil.DAY
