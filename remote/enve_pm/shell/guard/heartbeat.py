"""The heartbeat between the watchdog and pm: two pipes, one line a message.

    watchdog -> pm   `ping`              answer it: your loop turns
                     `ready`             I run the new program
                     `failed REASON`     I could not, and go on as I was
    pm -> watchdog   `beat`              the answer
                     `reopen WHICH`      a pipe was put back: hold the new one
                     `reexec PROGRAM`    replace yourself by the program in this folder

The end of a pipe is the death of the other side, known at once and without a signal.
"""

from __future__ import annotations

import os

LINE = 4096  # longest message in bytes, below PIPE_BUF: never torn
EVERY = 30.0  # seconds between pings: idle means idle
PATIENCE = 30.0  # seconds to answer one: a slow disk is not yet a hang

PING = "ping"
BEAT = "beat"
READY = "ready"
FAILED = "failed"
REEXEC = "reexec"
REOPEN = "reopen"


class Wire:
    """One side of it: reads lines from one pipe, writes lines to the other. Both non-blocking."""

    __slots__ = ("_rest", "reader", "writer")

    def __init__(self, reader: int, writer: int) -> None:
        self.reader = reader
        self.writer = writer
        self._rest = b""
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)

    def fileno(self) -> int:
        return self.reader

    def say(self, word: str, rest: str = "") -> bool:
        """Send one message; False when the other side is gone or does not read."""
        data = (f"{word} {rest}" if rest else word).encode()[: LINE - 1] + b"\n"
        try:
            return os.write(self.writer, data) == len(data)
        except OSError:
            return False

    def hear(self) -> list[tuple[str, str]] | None:
        """The messages that have come, as (word, rest); None when the other side is gone."""
        try:
            data = os.read(self.reader, 65536)
        except BlockingIOError:
            return []
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-LINE:]
        return [_parse(line) for line in lines]


def _parse(line: bytes) -> tuple[str, str]:
    word, _, rest = line.decode("utf-8", "replace").partition(" ")
    return word, rest


class Pulse:
    """When to ping, and when silence means a hang. Times in seconds of any one clock."""

    __slots__ = ("_asked", "_next", "every", "patience")

    def __init__(self, every: float, patience: float, now: float) -> None:
        self.every = every
        self.patience = patience
        self._asked: float | None = None  # the time of the ping that has no answer yet
        self._next = now

    def due(self, now: float) -> bool:
        """Is it time to ping? If so, the ping counts as sent now."""
        if self._asked is not None or now < self._next:
            return False
        self._asked = now
        return True

    def beat(self, now: float) -> None:
        """An answer came."""
        if self._asked is not None:
            self._asked = None
            self._next = now + self.every

    def hung(self, now: float) -> bool:
        return self._asked is not None and now >= self._asked + self.patience

    def wait(self, now: float) -> float:
        """Seconds until something has to be done if nothing is heard."""
        end = self._next if self._asked is None else self._asked + self.patience
        return max(0.0, end - now)
