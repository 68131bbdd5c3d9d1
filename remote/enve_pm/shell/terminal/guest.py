"""One who has joined a terminal, as the holder sees him: what he still has to be sent, and what he
wants."""

from __future__ import annotations

import collections
import socket
import struct

from enve_pm.core.terminal import MOST
from enve_pm.shell.terminal.terminalwords import END, JOIN, MESSAGE, OUTPUT, TYPE, WATCH

LONGEST = 262_144  # bytes that may wait for one who is slow


class Guest:
    """`name`: the unit, once he has said it · `types`: he does not only watch · `size`: (rows,
    columns) of his own terminal · `gone`: there is nobody to talk to any more."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.name = ""
        self.types = False
        self.size = (0, 0)
        self.gone = False
        self.last = False  # what waits is all that he gets
        self.behind = False  # he is sent no output until he has taken what waits
        self.waiting: collections.deque[bytes] = collections.deque()
        self._bytes = 0
        connection.setblocking(False)

    def fileno(self) -> int:
        return self.connection.fileno()

    def uid(self) -> int:
        """Who made the connection."""
        data = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", data)[1])

    def hear(self) -> bytes:
        """One message; empty when there is none."""
        try:
            data = self.connection.recv(MESSAGE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.gone = self.gone or not data
        return data

    def join(self, data: bytes) -> bool:
        """His first message. False: it is none of ours."""
        words = data[1:].decode("utf-8", "replace").split("\n")
        if data[:1] != JOIN or len(words) != 4 or words[3] not in (TYPE, WATCH):
            return False
        self.name = words[0]
        self.types = words[3] == TYPE
        self.size = size(words[1:3])
        return True

    def tell(self, kind: bytes, data: bytes) -> None:
        """A message for him. Who does not take what comes misses some, and nobody waits for him."""
        if self.gone or self.last or (self.behind and kind == OUTPUT):
            return
        self.waiting.append(kind + data)
        self._bytes += len(data)
        self.flush()
        if self._bytes > LONGEST:
            self.waiting.clear()
            self._bytes = 0
            self.behind = True

    def dismiss(self, code: int, text: str) -> None:
        self.tell(END, b"%d %s" % (code, text.encode("utf-8", "replace")))
        self.last = True
        self.gone = self.gone or not self.waiting

    def flush(self) -> None:
        try:
            while self.waiting:
                self.connection.send(self.waiting[0])
                self._bytes -= len(self.waiting.popleft()) - 1
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
        self.gone = self.gone or self.last


def size(words: list[str]) -> tuple[int, int]:
    """(rows, columns); (0, 0) where that is no size."""
    if len(words) != 2 or not all(word.isdecimal() and len(word) < 6 for word in words):
        return (0, 0)
    rows, columns = (min(int(word), MOST) for word in words)
    return (rows, columns) if rows and columns else (0, 0)
