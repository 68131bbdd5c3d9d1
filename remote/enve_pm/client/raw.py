"""Our own terminal while it stands for another one: raw, and as it was at every end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
import tty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
# What programs switch on and may leave behind: colours, another set of signs, lines that scroll
# alone, keys of another kind, the mouse, marked pastes, a hidden cursor.
BACK = (
    b"\x1b[0m\x0f\x1b(B\x1b7\x1b[r\x1b8\x1b[4l\x1b[?7h\x1b[?1l\x1b>"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?2004l\x1b[?25h"
)
KEYS = 4096  # bytes of them at once
EARLY = 1 << 18  # bytes of lines that are taken before our terminal is raw; more come later
QUIET = 2000  # ms that what gets no more keys shows nothing, before we leave it
PATIENCE = 1.0  # seconds for a terminal to take our last words
SCREENS = (b"\x1b[?1049h", b"\x1b[?47h", b"\x1b[?1047h")


class Ended(Exception):
    """We are asked to end, by this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Stuck(Exception):
    """Our terminal takes nothing."""


def _give_up(*_: object) -> None:
    raise _Stuck


def early() -> tuple[bytes, bool]:
    """The lines that were typed by now, and whether their end was: on a terminal that is raw it
    would be no end any more, but a character."""
    typed = b""
    try:
        while len(typed) < EARLY and select.select([0], [], [], 0)[0]:
            data = os.read(0, KEYS)
            typed += data
            if not data:
                return typed, True
    except OSError:
        pass  # our terminal is gone: it is heard
    return typed, False


def put(fd: int, data: bytes) -> None:
    """Write all of it, also to a terminal that somebody else has made one that does not wait."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])


class Raw:
    """In a `with`. `typed`: whether keys are read; `wake` can be read when a signal has come."""

    def __init__(self, typed: bool) -> None:
        self._typed = typed
        self._before: list[Any] = []
        self._filled = False
        self._came: list[int] = []
        self._writing = False
        self.shows = os.isatty(1)
        self.wake, self._writer = os.pipe()
        for fd in (self.wake, self._writer):
            os.set_blocking(fd, False)

    def __enter__(self) -> Raw:
        for number in (*ENDS, signal.SIGWINCH):
            signal.signal(number, self._heard)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        if self._typed:
            self._before = termios.tcgetattr(0)
            tty.setraw(0, termios.TCSANOW)  # what was typed already counts too
        return self

    def __exit__(self, *_: object) -> None:
        """A terminal that takes nothing any more is not waited for."""
        signal.signal(signal.SIGALRM, _give_up)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
        try:
            if self.shows:
                self._write(BACK + (b"\x1b[?1049l" if self._filled else b"") + b"\r\n")
            if self._before:
                termios.tcsetattr(0, termios.TCSADRAIN, self._before)
        except (_Stuck, Ended, OSError, termios.error):
            if self._before:
                with contextlib.suppress(termios.error):  # it is gone
                    termios.tcsetattr(0, termios.TCSANOW, self._before)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _heard(self, number: int, _: object) -> None:
        """A terminal that is stuck would keep us in a write for ever: that is left at once."""
        self._came.append(number)
        if self._writing and number in ENDS:
            raise Ended(number)

    def show(self, data: bytes) -> None:
        self._filled = self._filled or any(word in data for word in SCREENS)
        self._write(data)

    def note(self, text: str) -> None:
        """A line of ours in what is shown. (What others have said is without signs that a terminal
        would obey.)"""
        clean = "".join(one if one.isprintable() else "?" for one in text)
        if self.shows:
            self._write(f"\r\n[{clean}]\r\n".encode())

    def _write(self, data: bytes) -> None:
        """Raises Ended."""
        self._writing = True
        try:
            put(1, data)
        finally:
            self._writing = False

    def woken(self) -> bool:
        """Whether the size may have changed. Raises Ended."""
        try:
            os.read(self.wake, 4096)
        except BlockingIOError:
            pass
        came, self._came = self._came, []
        for number in came:
            if number in ENDS:
                raise Ended(number)
        return bool(came)

    @staticmethod
    def size() -> tuple[int, int]:
        """(rows, columns) of our terminal; (0, 0) where we have none."""
        for fd in (1, 0):
            try:
                columns, rows = os.get_terminal_size(fd)
            except OSError:
                continue
            return rows, columns
        return 0, 0
