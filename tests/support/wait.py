"""Waiting for an event with a deadline: never a sleep and a hope."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(check: Callable[[], T], what: str, deadline: float = 30, every: float = 0.01) -> T:
    """Calls `check` until it gives something true; returns that. Seconds."""
    end = time.monotonic() + deadline
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what} (last: {value!r})")
        time.sleep(every)
