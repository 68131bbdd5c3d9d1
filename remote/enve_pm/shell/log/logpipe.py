"""pm's side of the logs: a pipe for each unit, and the logger process that reads them all.

pm keeps every pipe open at both ends: a unit that restarts writes on into the same one, and a
logger that died is replaced without a byte or a service lost. One descriptor holds both ends; what
a unit gets of it can only be written to (see `handing.Inlet`).
"""

from __future__ import annotations

import os
from _struct import Struct

from enve_pm.shell.events.handing import Inlet
from enve_pm.shell.events.light import socket
from enve_pm.shell.log.logwords import BATCH, MESSAGE
from enve_pm.shell.process.beside import beside
from enve_pm.shell.process.widen import spare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.shell.events.loop import Loop

RETRY = 5  # ms, when the logger does not keep up with the news
AGAIN = 200  # ms before a dead logger is started again, when it dies at once
CHANNEL = 3  # the logger's number of the socket
LAST_WORDS = 2000  # ms for the logger to write what is left when pm ends
LOOK = 0.005  # seconds between two looks whether it has


class _Pipe:
    """size: bytes at which the file is rotated · keep: how many old ones."""

    __slots__ = ("fd", "keep", "size")

    def __init__(self, fd: int, size: int, keep: int) -> None:
        self.fd = fd
        self.size = size
        self.keep = keep


class LogPipes:
    """`argv` starts the logger; the number of its socket is added. `path`: a unit's log file."""

    def __init__(self, loop: Loop, argv: Sequence[str], path: Callable[[str], str]) -> None:
        self.pid = 0
        self._path = path
        self._loop = loop
        self._argv = [*argv, str(CHANNEL)]
        self._pipes: dict[str, _Pipe] = {}
        self._news: dict[str, None] = {}  # units of which the logger must hear, in order
        self._channel: socket.socket | None = None
        self._waiting = False
        self._started = -AGAIN

    def writer(self, unit: str, size: int, keep: int) -> Inlet:
        """The descriptor that a process of this unit prints to. Raises OSError."""
        pipe = self._pipes.get(unit)
        if pipe is None:
            fd = spare(self._loop.system, join(*os.pipe()))
            pipe = self._pipes[unit] = _Pipe(fd, size, keep)
            self._tell(unit)
        elif (pipe.size, pipe.keep) != (size, keep):
            pipe.size, pipe.keep = size, keep
            self._tell(unit)
        return Inlet(pipe.fd)

    def drop(self, unit: str) -> None:
        """The unit is gone: the logger writes what is left, and both let go."""
        pipe = self._pipes.pop(unit, None)
        if pipe is not None:
            os.close(pipe.fd)
            self._tell(unit)

    def close(self) -> None:
        """pm ends in order: the watchdog would end the logger with all that is still in the pipes,
        so wait until it has written that. The loop turns no more."""
        if self._channel is None:
            return
        self._channel.close()
        self._channel = None
        system = self._loop.system
        end = system.now() + LAST_WORDS
        while system.now() < end and self.pid not in (pid for pid, _ in system.reap()):
            system.rest(LOOK)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, object]:
        pipes = {unit: [p.fd, p.size, p.keep] for unit, p in self._pipes.items()}
        channel = self._channel.fileno() if self._channel else -1
        return {"pid": self.pid, "channel": channel, "pipes": pipes, "news": list(self._news)}

    def restore(self, state: dict[str, object]) -> None:
        """Go on with the pipes, and with the logger, of the program before."""
        pipes: dict[str, list[int]] = state["pipes"]  # type: ignore[assignment]
        for unit, row in pipes.items():
            if len(row) == 4:  # from a program that had a descriptor for each end
                row[:2] = [join(row[0], row[1])]
            self._pipes[unit] = _Pipe(*row)
        for unit in state["news"]:  # type: ignore[attr-defined]
            self._tell(unit)
        self.pid = state["pid"]  # type: ignore[assignment]
        if self.pid:
            self._channel = socket.socket(fileno=state["channel"])  # type: ignore[arg-type]
            self._loop.child(self.pid, self._died)

    def fds(self) -> list[int]:
        """All that must stay open over a change of program."""
        ours = [pipe.fd for pipe in self._pipes.values()]
        return ours + ([self._channel.fileno()] if self._channel else [])

    # -- the logger --------------------------------------------------------------------------------
    def _tell(self, unit: str) -> None:
        self._news[unit] = None
        self._wake(0)

    def _wake(self, delay: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._loop.at(self._loop.system.now() + delay, self._flush)

    def _flush(self) -> None:
        """Send the news, as many as the socket takes now."""
        self._waiting = False
        if self._channel is None:
            self._channel = self._start()
        if self._channel is None:
            return
        while self._news:
            batch = self._batch()
            if not self._send(self._channel, batch):
                self._wake(RETRY)
                return
            for unit in batch:
                del self._news[unit]

    def _batch(self) -> dict[str, bytes]:
        """As much of the news as one message takes: the record of each unit."""
        batch: dict[str, bytes] = {}
        size = 0
        for unit in self._news:
            record = self._record(unit).encode("utf-8", "surrogateescape")
            size += len(record) + 1
            if size > MESSAGE or len(batch) == BATCH:
                break
            batch[unit] = record
        return batch

    def _record(self, unit: str) -> str:
        pipe = self._pipes.get(unit)
        if pipe is None:
            return unit
        return "%s\n%s\n%d\n%d" % (unit, self._path(unit), pipe.size, pipe.keep)

    def _send(self, channel: socket.socket, batch: dict[str, bytes]) -> bool:
        fds = [self._pipes[unit].fd for unit in batch if unit in self._pipes]
        rights = Struct("%di" % len(fds)).pack(*fds)
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if fds else []
        try:
            channel.sendmsg([b"\0".join(batch.values())], extra)
        except OSError:
            return False  # full, or the logger just died: its end comes as a child's end
        return True

    def _start(self) -> socket.socket | None:
        """A new logger, and our end of the socket to it; None when it must wait."""
        wait = self._started + AGAIN - self._loop.system.now()
        if wait > 0:
            self._wake(wait)
            return None
        self._started = self._loop.system.now()
        started = beside(self._loop, self._argv, CHANNEL, self._died)
        if started is None:
            self._wake(AGAIN)
            return None
        self.pid, channel = started
        return channel

    def _died(self, code: int) -> None:
        """A new one is told of every pipe; what was printed meanwhile waits in them."""
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        self.pid = 0
        self._news.update(dict.fromkeys(self._pipes))
        self._wake(0)


def join(reader: int, writer: int) -> int:
    """One descriptor, never blocking, for both ends of a pipe. Raises OSError."""
    try:
        return os.open("/proc/self/fd/%d" % writer, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(reader)
        os.close(writer)
