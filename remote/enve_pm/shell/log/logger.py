"""The logger: a process of its own that writes what units print to files, rotated by size.

It is pm's child and gets each unit's pipe over a socket, open at both ends. pm keeps it too: if the
logger dies, nothing that is still in a pipe is lost and no unit gets SIGPIPE; pm starts it again. A
flood keeps this process busy, never pm's loop.

A message on the socket is some records with a NUL between them: `NAME LF PATH LF SIZE LF KEEP`,
whose pipe rides beside it in the same order, or `NAME` alone: forget that one. Keep 0 means
that a full log starts anew.
"""

from __future__ import annotations

import os
import select

from enve_pm.shell.events.light import signal, socket
from enve_pm.shell.log.logwords import BATCH, MESSAGE
from enve_pm.shell.process.widen import widen

CHUNK = 1 << 17  # bytes taken from a pipe at once
FAIR = 8  # chunks a turn of one unit, then the others have theirs
# Bytes of a log for each old one that is kept: every rotation renames all of these, and who floods
# small ones would hold up all others.
EACH = 1024
OPEN = 48  # most log files that stay open: their number has no part in what units may be
FULL_DISK = "the disk is full or the file cannot be written: output was dropped\n"


class Log:
    """One log file. Lines are not cut at a rotation when one ends in the chunk at hand."""

    __slots__ = ("_done", "_file", "_keep", "_limit", "_path", "_size", "_torn", "lost", "pipe")

    def __init__(self, pipe: int, path: str, limit: int, keep: int) -> None:
        self.pipe = pipe
        self.lost = 0  # bytes that could not be written
        self._path = path
        self._limit = max(limit, 4096)
        self._keep = min(max(keep, 0), self._limit // EACH)
        self._file = -1
        self._size = 0
        self._done = 0  # bytes that were written of what is being added
        self._torn = False  # the file ends within a line

    def pump(self) -> bool:
        """Move what is in the pipe to the file. False when all writers are gone for good."""
        for _ in range(FAIR):
            try:
                data = os.read(self.pipe, CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.add(data)
        return True

    def add(self, data: bytes) -> None:
        """Append, rotating between lines where that is possible. A full disk loses the output,
        never the service; the gap is told when there is room again."""
        try:
            self._tell_lost()
            self._append(data)
        except OSError:
            self.lost += len(data) - self._done

    def _tell_lost(self) -> None:
        try:
            if self.lost:
                lead = b"\n" if self._torn else b""
                self._put(b"%s[%d bytes lost: %s" % (lead, self.lost, FULL_DISK.encode()))
                self.lost = 0
        finally:
            self._done = 0

    def _append(self, data: bytes) -> None:
        start = 0
        while start < len(data):
            self._open()
            room = max(self._limit - self._size, 0)
            cut = len(data)
            if cut - start > room:
                cut = data.rfind(b"\n", start, start + room) + 1
            if not cut and not self._size:
                cut = start + room  # a line that is longer than a whole file
            if cut:
                self._put(memoryview(data)[start:cut])
                start = cut
            if start < len(data):
                self._rotate()

    def _put(self, data: bytes | memoryview) -> None:
        self._open()
        while data:
            count = os.write(self._file, data)
            self._size += count
            self._done += count
            self._torn = data[count - 1 : count] != b"\n"
            data = data[count:]

    def _open(self) -> None:
        if self._file < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
            self._size = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        self.close()
        self._torn = False
        if not self._keep:
            os.truncate(self._path, 0)
        for number in range(self._keep - 1, 0, -1):
            self._shift("%s.%d" % (self._path, number), "%s.%d" % (self._path, number + 1))
        if self._keep:
            self._shift(self._path, self._path + ".1")

    def _shift(self, old: str, new: str) -> None:
        try:
            os.rename(old, new)
        except FileNotFoundError:
            pass

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._size = 0


class Logger:
    """All logs of one pm. Ends when pm's end of the socket is closed and the pipes are empty."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._logs: dict[int, Log] = {}
        self._names: dict[str, int] = {}
        self._open: dict[int, None] = {}  # pipes whose files may be open, the last used one last
        self._poll = select.epoll() if hasattr(select, "epoll") else select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)

    def run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._channel.fileno():
                    if not self._hear():
                        self._drain()
                        return
                elif fd in self._logs:
                    self._pump(fd)

    def _pump(self, fd: int) -> None:
        self._open.pop(fd, None)
        self._open[fd] = None
        if len(self._open) > OPEN:
            oldest = next(iter(self._open))
            del self._open[oldest]
            self._logs[oldest].close()
        if not self._logs[fd].pump():
            self._poll.unregister(fd)  # no writer left, not even pm

    def _hear(self) -> bool:
        """Take one message; False when pm is gone."""
        text, extra, _, _ = self._channel.recvmsg(MESSAGE, socket.CMSG_SPACE(4 * BATCH))
        if not text:
            return False
        fds: list[int] = []
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds += memoryview(data[: len(data) & ~3]).cast("i")
        pipes = iter(fds)
        for record in text.decode("utf-8", "surrogateescape").split("\0"):
            name, *rest = record.split("\n")
            if name in self._names:
                self._drop(self._names.pop(name))
            if len(rest) == 3:
                self._take(name, next(pipes, -1), rest[0], int(rest[1]), int(rest[2]))
        return True

    def _take(self, name: str, pipe: int, path: str, limit: int, keep: int) -> None:
        if pipe < 0:
            return
        self._names[name] = pipe
        self._logs[pipe] = Log(pipe, path, limit, keep)
        self._poll.register(pipe, select.POLLIN)

    def _drop(self, fd: int) -> None:
        log = self._logs.pop(fd)
        self._open.pop(fd, None)
        log.pump()
        log.close()
        try:
            self._poll.unregister(fd)
        except (KeyError, OSError):
            pass  # it had no writer any more
        os.close(fd)

    def _drain(self) -> None:
        for log in self._logs.values():
            log.pump()
            log.close()


def main(fd: int) -> int:
    """Run the logger over the socket that pm handed down as `fd`."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when pm does, with the last line written
    widen()
    Logger(socket.socket(fileno=fd)).run()
    return 0
