"""What commands print: kept in a file up to a length, and its last lines at hand."""

from __future__ import annotations

import os

from enve_fire.tree.written import unlink
from enve_pm.core.lean import deque
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LAST = 40  # lines
LONGEST = 64 << 20  # bytes of a file
LINE = 4096  # bytes of a line that are at hand
CUT = b"\n[the rest was too long to be kept; its last lines:]\n"


class Log:
    """`path`: made anew; "" keeps no file. A context manager."""

    def __init__(self, path: str, longest: int = LONGEST) -> None:
        self.path = path
        self.lines = 0
        self._file = _anew(path) if path else os.open(os.devnull, os.O_WRONLY)
        self._left = longest
        self._last: Any = deque(maxlen=LAST)
        self._part = b""

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self._left <= 0:
            tail = CUT + "\n".join(self.last()).encode() + b"\n"
            write_all(self._file, tail)
        os.close(self._file)

    def add(self, data: bytes) -> None:
        """As it was read, in pieces of any length."""
        if self._left > 0:
            write_all(self._file, data[: self._left])
            self._left -= len(data)
        *whole, part = (self._part + data).split(b"\n")
        self.lines += len(whole)
        self._last.extend(line[:LINE] for line in whole[-LAST:])
        self._part = part[:LINE]

    def last(self) -> list[str]:
        """The last lines, without what would steer a terminal."""
        lines = [*self._last, self._part] if self._part else list(self._last)
        return [_plain(line) for line in lines[-LAST:]]


def _anew(path: str) -> int:
    """A file of our own, whatever lay there."""
    unlink(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)


def _plain(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r").expandtabs()
    return "".join(sign if sign.isprintable() else "?" for sign in text)
