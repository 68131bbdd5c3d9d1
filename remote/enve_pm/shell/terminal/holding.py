"""One terminal in the holder's hands: from its program to the log and to all who have joined, and
from these to the program."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from enve_pm.shell.terminal.screen import Screen

CHUNK = 65536
FAIR = 16  # reads a turn, then the others have theirs
TYPED = 65536  # bytes that a program has not taken yet; then who types has to wait
REST = 256  # reads of what an ended program has left, at most


class Holding:
    """`master` -1: no run of the unit is under way, or has said all."""

    def __init__(self) -> None:
        self.master = -1
        self.log = -1
        self.size = (0, 0)
        self.screen = Screen()
        self.typed = b""
        self.owed = b""  # what the log has not taken yet; meanwhile the program waits, as it does
        # when it writes to its log itself

    def take(self, master: int, log: int, size: tuple[int, int]) -> bytes:
        """The terminal of a new run, in the place of the one before. What that has left is given
        back."""
        left = self.leave()
        self.master, self.log = master, log
        self.typed = b""
        self.resize(self.size if self.size[0] else size)
        return left

    def leave(self) -> bytes:
        """Let go of the run's terminal and its log; what was left to read is given back."""
        left = self.read(REST) if self.master >= 0 else b""
        for fd in (self.master, self.log):
            if fd >= 0:
                os.close(fd)
        self.master = self.log = -1
        self.owed = b""
        return left

    def resize(self, size: tuple[int, int]) -> None:
        """The program hears of it. Of a size that it has already too, so that it draws all anew."""
        if not size[0] or self.master < 0:
            self.size = size if size[0] else self.size
            return
        if size == self.size:
            self._set((size[0] + 1, size[1]))
        self.size = size
        self._set(size)

    def _set(self, size: tuple[int, int]) -> None:
        try:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        except OSError:
            pass  # it ends just now

    def read(self, most: int = FAIR) -> bytes:
        """What the program has printed, also to its log. Its end shows in `master`."""
        pieces = []
        for _ in range(most):
            try:
                data = os.read(self.master, CHUNK)
            except BlockingIOError:
                break
            except OSError:  # EIO: nobody has its other end
                data = b""
            if not data:
                os.close(self.master)
                self.master = -1
                break
            pieces.append(data)
        data = b"".join(pieces)
        self.screen.add(data)
        if self.log >= 0:
            self.owed += data.replace(b"\r\n", b"\n")
            self.write_log()
        return data

    def write_log(self) -> None:
        try:
            while self.owed:
                self.owed = self.owed[os.write(self.log, self.owed) :]
        except BlockingIOError:
            pass
        except OSError:
            self.owed = b""

    def type(self, data: bytes = b"") -> None:
        """Hand on what was typed, as much as it takes."""
        self.typed += data
        try:
            while self.typed and self.master >= 0:
                self.typed = self.typed[os.write(self.master, self.typed) :]
        except BlockingIOError:
            pass
        except OSError:
            self.typed = b""
        if self.master < 0:
            self.typed = b""
