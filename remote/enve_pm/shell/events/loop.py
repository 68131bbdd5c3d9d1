"""The loop: one thread that sleeps until a file descriptor, a child's end or a timer wakes it.

A turn takes everything that is there (all ready descriptors, all ended children, all timers that
are due), calls back one after the other, and at its end calls `after` once: what the turn's news
mean together is worked out there, not once for each. With nothing to do it does not wake up.
"""

from __future__ import annotations

import os
import select
import sys

from enve_pm.shell.events.light import signal
from enve_pm.shell.events.timer import Timers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from enve_pm.shell.events.system import System
    from enve_pm.shell.events.timer import Timer

    Callback = Callable[[], None]

TOLERATED = 30  # mistakes a minute
MINUTE = 60_000  # ms
READABLE, WRITABLE = select.POLLIN, select.POLLOUT


class Loop:
    """`strangers` gets the (pid, code) of ended children that nobody claimed."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.after: Callback = _nothing
        self.strangers: Callable[[list[tuple[int, int]]], None] = _ignore
        self.children: dict[int, tuple[Any, ...]] = {}
        self._poll = select.epoll() if hasattr(select, "epoll") else select.poll()
        self._scale = 1000.0 if hasattr(select, "epoll") else 1.0
        self._watched: dict[int, Callback] = {}
        self._timers = Timers()
        self._code: int | None = None
        self._signals: dict[int, Callback] = {}
        self._came: list[int] = []
        self._mistakes: list[int] = []  # when they were made
        self._wakeup, self._waker = _pipe()
        self.watch(self._wakeup, self._drain)
        self._ended = True  # a first look: children may have ended before we listened

    # -- what others ask for -----------------------------------------------------------------------
    def watch(self, fd: int, callback: Callback, what: int = READABLE) -> None:
        """Call back in every turn in which `fd` can be read, or written (or has lost its other
        end). Another `what` begins with `unwatch`."""
        if fd not in self._watched:
            self._poll.register(fd, what)
        self._watched[fd] = callback

    def unwatch(self, fd: int) -> None:
        """To be called before the descriptor is closed."""
        if self._watched.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def at(self, due: int, callback: Callback) -> Timer:
        """Call once at `due` (ms of the system's monotonic clock), or as soon as possible."""
        return self._timers.at(due, callback)

    def cancel(self, timer: Timer) -> None:
        self._timers.cancel(timer)

    def child(self, pid: int, callback: Callable[..., None], *arguments: Any) -> None:
        """Call back with the arguments and the exit status (or -signal) when this child has ended
        and is reaped."""
        self.children[pid] = (callback, *arguments)

    def forget(self, pid: int) -> None:
        self.children.pop(pid, None)

    def signal(self, number: int, callback: Callback) -> None:
        """Call back in the turn after this signal has come."""
        self._signals[number] = callback

    def called(self) -> bool:
        """A signal has come that nobody was told of yet."""
        return bool(self._came)

    def stop(self, code: int) -> None:
        """End `run` with this code when the turn is over."""
        self._code = code

    # -- the turn ----------------------------------------------------------------------------------
    def run(self) -> int:
        """Turn until somebody says stop."""
        self._listen()
        self.after()
        while self._code is None:
            self.turn(self._timers.deadline())
        return self._code

    def turn(self, deadline: int | None) -> None:
        """Sleep until something happens, at the latest until `deadline` (ms), and tell it all."""
        for fd, _ in self._poll.poll(self._patience(deadline)):
            callback = self._watched.get(fd)
            if callback is not None:
                self._call(callback)
        if self._ended:
            self._reap()
        while self._came:
            self._call(self._signals[self._came.pop(0)])
        for timer in self._timers.due(self.system.now()):
            callback = timer.take()
            if callback is not None:
                self._call(callback)
        self._call(self.after)

    def _call(self, callback: Callable[..., None], *arguments: Any) -> None:
        """A mistake in one callback must not end every service on the node: it is told, and the
        loop goes on, unless mistakes come in a stream."""
        try:
            callback(*arguments)
        except Exception:
            self._mistakes = [at for at in self._mistakes if at > self.system.now() - MINUTE]
            self._mistakes.append(self.system.now())
            if len(self._mistakes) > TOLERATED:
                raise
            sys.excepthook(*sys.exc_info())

    def _patience(self, deadline: int | None) -> float | None:
        if self._ended or self._came:
            return 0
        if deadline is None:
            return None
        return max(0, deadline - self.system.now()) / self._scale

    def _reap(self) -> None:
        self._ended = False
        unknown = []
        for pid, code in self.system.reap():
            call = self.children.pop(pid, None)
            if call is None:
                unknown.append((pid, code))
            else:
                self._call(*call, code)
        self._call(self.strangers, unknown)

    # -- SIGCHLD -----------------------------------------------------------------------------------
    def _listen(self) -> None:
        for number in (signal.SIGCHLD, *self._signals):
            signal.signal(number, self._handler)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        # A program that went before us may have held them back until somebody listens.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, list(self._signals))

    def _handler(self, number: int, frame: FrameType | None) -> None:
        """Python has written to the pipe, so that no sleep begins after this news. Where that
        failed, the sleep that it has interrupted would go on."""
        if number == signal.SIGCHLD:
            self._ended = True
        else:
            self._came.append(number)
        try:
            os.write(self._waker, b"\0")
        except OSError:  # full: there is news enough
            pass

    def _drain(self) -> None:
        self._ended = True
        try:
            while len(os.read(self._wakeup, 4096)) == 4096:
                pass
        except BlockingIOError:
            pass


def _pipe() -> tuple[int, int]:
    ours, other = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(other, False)
    return ours, other


def _nothing() -> None:
    """Nobody asked to be called after a turn."""


def _ignore(ended: list[tuple[int, int]]) -> None:
    """Nobody wants to hear of children that are not his."""
