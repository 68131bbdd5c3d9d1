"""pm's side of the terminals: a pair for each run of a unit that stands on one, and the process
that holds them all, `holder`.

pm keeps the master of a run under way open too: no unit loses its terminal with the holder, which
is replaced, or with pm's program.
"""

from __future__ import annotations

import os
from _struct import Struct

from enve_pm.shell.events.light import socket
from enve_pm.shell.process.beside import beside
from enve_pm.shell.process.spawn import SpawnError, code_name
from enve_pm.shell.process.widen import spare
from enve_pm.shell.terminal.terminalwords import FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from enve_pm.shell.events.loop import Loop

RETRY = 5  # ms, when the holder does not keep up with the news
AGAIN = 200  # ms before a dead holder is started again, when it dies at once
CHANNEL = 3  # the holder's number of the socket


class _Pair:
    """master: ours · log: the pipe of the unit's log, -1 where it has none; not ours to close ·
    over: the run has ended, and the holder has to hear of it before we let go."""

    __slots__ = ("log", "master", "over", "size")

    def __init__(self, master: int, log: int, size: tuple[int, int]) -> None:
        self.master = master
        self.log = log
        self.size = size
        self.over = False


class Terminals:
    """All of one pm, by unit. `argv` starts the holder; the folder of its socket and the number of
    pm's are added."""

    def __init__(self, loop: Loop, argv: Sequence[str], home: str) -> None:
        self.pid = 0
        self._loop = loop
        self._argv = [*argv, f"{home}/{FOLDER}", str(CHANNEL)]
        self._pairs: dict[str, _Pair] = {}
        self._units: dict[str, None] = {}  # of which the holder may know
        self._news: dict[str, None] = {}  # ... and must hear, in order
        self._channel: socket.socket | None = None
        self._waiting = False
        self._started = -AGAIN

    def open(self, unit: str, size: tuple[int, int], log: int) -> int:
        """A new terminal for a run; its descriptor for the process is the caller's to close. Raises
        SpawnError."""
        self.over(unit, at_once=True)
        try:
            master, slave = self._new()
        except OSError as error:
            raise SpawnError("terminal:%s" % code_name(error)) from None
        os.set_blocking(master, False)
        self._pairs[unit] = _Pair(master, log, size)
        self._units[unit] = None
        self._tell(unit)
        return slave

    def _new(self) -> tuple[int, int]:
        """The two ends of a new terminal. Raises OSError."""
        master, slave = os.openpty()
        try:
            return spare(self._loop.system, master), slave
        except OSError:
            os.close(slave)
            raise

    def over(self, unit: str, at_once: bool = False) -> None:
        """The run is over. What it has printed is the holder's to read."""
        pair = self._pairs.get(unit)
        if pair is None:
            return
        pair.over = True
        if at_once or unit not in self._news:
            del self._pairs[unit]
            os.close(pair.master)

    def units(self) -> list[str]:
        return list(self._units)

    def drop(self, unit: str) -> None:
        """The unit rests, or is gone: whoever has joined it is told."""
        if unit in self._units:
            self.over(unit, at_once=True)
            del self._units[unit]
            self._tell(unit)

    def close(self) -> None:
        """pm ends in order; so does the holder."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        return {
            "pid": self.pid,
            "channel": self._channel.fileno() if self._channel else -1,
            "pairs": [[u, p.master, p.log, list(p.size), p.over] for u, p in self._pairs.items()],
            "units": list(self._units),
            "news": list(self._news),
        }

    def fds(self) -> list[int]:
        """All that must stay open; the logs are others'."""
        ours = [pair.master for pair in self._pairs.values()]
        return ours + ([self._channel.fileno()] if self._channel else [])

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the terminals, and the holder, of the program before."""
        for unit, master, log, size, over in state["pairs"]:
            pair = self._pairs[unit] = _Pair(master, log, (size[0], size[1]))
            pair.over = over
        self._units.update(dict.fromkeys(state["units"]))
        self.pid = state["pid"]
        if self.pid:
            self._channel = socket.socket(fileno=state["channel"])
            self._loop.child(self.pid, self._died)
        for unit in state["news"]:
            self._tell(unit)

    # -- the holder --------------------------------------------------------------------------------
    def _tell(self, unit: str) -> None:
        self._news.pop(unit, None)
        self._news[unit] = None
        if not self._waiting:
            self._flush()

    def _wake(self, delay: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._loop.at(self._loop.system.now() + delay, self._woken)

    def _woken(self) -> None:
        self._waiting = False
        self._flush()

    def _flush(self) -> None:
        """Send the news, as many as the socket takes now."""
        if self._channel is None:
            self._channel = self._start()
        while self._news and self._channel is not None:
            unit = next(iter(self._news))
            if not self._send(self._channel, unit):
                self._wake(RETRY)
                return
            del self._news[unit]
            pair = self._pairs.get(unit)
            if pair is not None and pair.over:
                self.over(unit)

    def _send(self, channel: socket.socket, unit: str) -> bool:
        pair = self._pairs.get(unit)
        text, fds = unit, []
        if pair is not None:
            text = "%s\n%d\n%d" % (unit, *pair.size)
            fds = [pair.master, *([pair.log] if pair.log >= 0 else [])]
        rights = Struct("%di" % len(fds)).pack(*fds)
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if fds else []
        try:
            channel.sendmsg([text.encode("utf-8", "surrogateescape")], extra)
        except OSError:
            return False  # full, or the holder just died: its end comes as a child's end
        return True

    def _start(self) -> socket.socket | None:
        """A new holder, and our end of the socket to it; None when it must wait."""
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
        """A new one is told of every terminal that is in use."""
        if self._channel is None:
            return  # we have closed it
        self._channel.close()
        self._channel = None
        self.pid = 0
        self._news.update(dict.fromkeys(self._pairs))
        self._wake(0)
