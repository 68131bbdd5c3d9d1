"""What takes long says so: a line after two seconds, then one every ten."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Report = Callable[[str], None]  # one line of progress
    Tell = Callable[[int], None]  # so many bytes more are done

PATIENCE = 2.0  # seconds
EVERY = 10.0
_MIB = 1 << 20


def quiet(_said: object) -> None:
    """Nobody is told."""


class Pace:
    """When it is time for a word about something that takes long."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._next = self._begun + PATIENCE

    def left(self) -> float:
        """Seconds until it is time for a word."""
        return max(0.0, self._next - time.monotonic())

    def is_due(self) -> bool:
        """Whether it is; then the next one is due later."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + EVERY
        return True

    @property
    def seconds(self) -> int:
        return int(time.monotonic() - self._begun)


class Amount:
    """A Tell. `what`: "copy of /x"."""

    def __init__(self, report: Report, what: str) -> None:
        self._report = report
        self._what = what
        self._pace = Pace()
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._pace.is_due():
            told = (self._what, self._pace.seconds, self._done / _MIB)
            self._report("%s: %d s, %.0f MiB" % told)
