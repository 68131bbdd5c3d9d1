"""A program on a terminal of its own: what it would have shown, byte by byte."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _without_a_size(env: Mapping[str, str]) -> dict[str, str]:
    """The terminal says how large it is, not what these tests were started in."""
    return {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}


class Terminal:
    """Starts the program on a new pseudo-terminal; `stdout` may go elsewhere."""

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        *,
        size: tuple[int, int] = (24, 80),
        stdout: int | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._mine, theirs = pty.openpty()
        self._name = os.ttyname(theirs)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs,
            cwd=cwd,
            env={**_without_a_size(os.environ), "TERM": "xterm", **env},
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def until(self, text: str, seconds: float = 60) -> str:
        """Read until `text` was shown."""
        end = time.monotonic() + seconds
        while text not in self.shown:
            assert self._read(end), f"{text!r} was not shown, but {self.shown!r}"
        return self.shown

    def type(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """The program hears of it, though this terminal leads no session."""
        fcntl.ioctl(self._mine, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def settings(self) -> list[Any]:
        """How its line treats what is typed (see termios)."""
        return termios.tcgetattr(self._mine)

    def full(self) -> bool:
        """Whether it takes nothing of what is shown, until we read."""
        handle = os.open(self._name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return not select.select([], [handle], [], 0)[1]
        finally:
            os.close(handle)

    def end(self, seconds: float = 60) -> int:
        """Read what is left, and give back the exit status."""
        limit = time.monotonic() + seconds
        while self._read(limit):
            pass
        return self.process.wait(timeout=max(limit - time.monotonic(), 1))

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._mine], [], [], max(end - time.monotonic(), 0))
        if not ready:
            return False
        try:
            data = os.read(self._mine, 65536)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    @property
    def plain(self) -> str:
        """What was shown, without escape sequences."""
        return ESCAPES.sub("", self.shown)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._mine)
