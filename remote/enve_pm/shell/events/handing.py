"""Which of pm's descriptors a child gets, and under which numbers.

What is spawned has the limit of open files that pm was started with, which may be far below what
pm holds, and the C library takes no number from there on. So pm keeps a few low numbers, and lends
them for the moment of a start.
"""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KEPT = 16  # low numbers
FIRST = 80  # above all numbers that units have


class Inlet(int):
    """A descriptor of a pipe that a child gets a way into, and nothing else: its own, which waits
    while the pipe is full."""


class Handing:
    def __init__(self) -> None:
        self._null = -1
        self._kept: list[int] = []
        self._lent: list[int] = []  # of these
        self._copies: list[int] = []

    def keep(self) -> None:
        """Keep the lowest numbers that are left."""
        try:
            self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            while len(self._kept) < KEPT:
                self._kept.append(fcntl.fcntl(self._null, fcntl.F_DUPFD_CLOEXEC, FIRST))
        except OSError:
            pass  # pm may have hardly any

    def actions(self, fds: Mapping[int, int], most: int) -> list[tuple[Any, ...]]:
        """What posix_spawn does for `fds`, {child's number: ours}; a missing 0, 1 or 2 is
        /dev/null. From the number `most` on none can be handed on as it is. What is needed instead
        is there until `done`. Raises OSError."""
        at = {own: self._within(self._aside(own, fds), most) for own in set(fds.values())}
        found = [_give(child, own, at[own]) for child, own in fds.items()]
        for number in (0, 1, 2):
            if number not in fds:
                found.append((os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0))
        return found

    def _aside(self, own: int, fds: Mapping[int, int]) -> int:
        """Itself, or a copy out of the way where the child has another under this number."""
        if own not in fds:
            return own
        self._copies.append(fcntl.fcntl(own, fcntl.F_DUPFD_CLOEXEC, max(fds) + 1))
        return self._copies[-1]

    def _within(self, own: int, most: int) -> int:
        """Itself, or a copy under one of the kept numbers."""
        if own < most or isinstance(own, Inlet):
            return own
        number = min(self._kept, default=most)
        if number >= most:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self._kept.remove(number)
        self._lent.append(number)
        return os.dup2(own, number, inheritable=False)

    def done(self) -> None:
        """The start is over."""
        while self._copies:
            os.close(self._copies.pop())
        while self._lent:
            self._kept.append(os.dup2(self._null, self._lent.pop(), inheritable=False))


def _give(child: int, own: int, at: int) -> tuple[Any, ...]:
    """What gives a child our descriptor `own`, which lies `at`, under its number."""
    if isinstance(own, Inlet):
        return os.POSIX_SPAWN_OPEN, child, "/proc/self/fd/%d" % at, os.O_WRONLY, 0
    return os.POSIX_SPAWN_DUP2, at, child
