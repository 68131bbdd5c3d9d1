from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from enve_pm.shell.events.timer import Timers


def test_nothing_is_due_when_nothing_is_set() -> None:
    timers = Timers()
    assert timers.deadline() is None
    assert timers.due(10**9) == []


def test_a_cancelled_timer_is_no_deadline() -> None:
    timers = Timers()
    first = timers.at(5, lambda: None)
    timers.at(9, lambda: None)
    timers.cancel(first)
    assert timers.deadline() == 9


def adder(called: list[int], number: int) -> Callable[[], None]:
    return lambda: called.append(number)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans())), st.integers(0, 50))
def test_what_is_due_comes_in_order_and_once(rows: list[tuple[int, bool]], now: int) -> None:
    timers = Timers()
    called: list[int] = []
    for number, (due, cancelled) in enumerate(rows):
        timer = timers.at(due, adder(called, number))
        if cancelled:
            timers.cancel(timer)
    for timer in timers.due(now):
        call = timer.take()
        assert call is not None
        call()
        assert timer.take() is None
    alive = [(due, n) for n, (due, cancelled) in enumerate(rows) if not cancelled]
    assert called == [n for due, n in sorted(alive) if due <= now]
    assert timers.due(now) == []
    assert timers.deadline() == min((due for due, _ in alive if due > now), default=None)
