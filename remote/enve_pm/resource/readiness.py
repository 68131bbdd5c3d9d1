"""How a process unit becomes ready: by a pid file, an sd_notify datagram, or a notification fd.

(A short wait is the machine's own clock, and a check is a step of its own: neither is seen here.)
Each watcher tells `found(pid)` once, with the pid that counts from then on, and may be asked later
for an `heir`: the process that goes on when the main one ended with 0, as daemons do.
"""

from __future__ import annotations

import os

from enve_pm.core.lean import namedtuple
from enve_pm.resource.base import NO_HEIR, WAIT
from enve_pm.shell.process.notify import Notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.resource.base import Runs
    from enve_pm.resource.run import Run
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.process.notify import Notice

    Found = Callable[[Run, int], None]

# uid: of the unit's user · address, fd: the socket of an earlier program, or "" and -1 · main: what
# MAINPID has said to that · limit: ms within which it has to say that it is alive, 0 = need not
Box = namedtuple("Box", "uid address fd main limit", defaults=("", -1, 0, 0))
LOOK = 20  # ms between two looks for a pid file, only while a unit is STARTING
LONGEST_PID = 32  # bytes of a pid file that are read
LONGEST_LINE = 4096  # bytes of a notification that are waited for to be a line


class PidFile:
    """The daemon writes its pid into a file. A stale file names no process of the run."""

    def __init__(self, loop: Loop, runs: Runs, run: Run, path: str, found: Found) -> None:
        self._loop = loop
        self._runs = runs
        self._run = run
        self._path = path
        self._found = found
        self._timer: Timer | None = None

    def begin(self) -> None:
        self._timer = self._loop.at(self._loop.system.now() + LOOK, self._look)

    def _look(self) -> None:
        self._timer = None
        self._runs.adopt()
        pid = self._named()
        if pid:
            self._found(self._run, pid)
            self._runs.look(self._run)
        else:
            self.begin()

    def _named(self) -> int:
        """The living process of this run that the file names, or 0."""
        try:
            pid = int(self._loop.system.read_regular(self._path, LONGEST_PID))
        except (OSError, ValueError):
            return 0
        alive = pid > 1 and self._loop.system.stat(pid)
        return pid if alive and alive.state != "Z" and self._runs.member(self._run, pid) else 0

    def heir(self) -> int:
        """A daemon that named itself and is our child by now."""
        pid = self._named()
        if pid in self._run.orphans:
            return pid
        return NO_HEIR if self._run.ready else WAIT

    def close(self) -> None:
        if self._timer is not None:
            self._loop.cancel(self._timer)
            self._timer = None

    def dump(self) -> dict[str, Any]:
        return {"kind": "pidfile", "path": self._path}

    def fds(self) -> list[int]:
        return []


class Datagram:
    """READY=1 on the run's own socket, from one of its processes. MAINPID names the main one. Once
    it is ready, WATCHDOG=1 has to come again and again."""

    def __init__(self, loop: Loop, runs: Runs, run: Run, box: Box, found: Found) -> None:
        self._runs = runs
        self._system = loop.system
        self._run = run
        self._uid = box.uid
        self._found = found
        self._main: int = box.main
        self._loop = loop
        self._limit: int = box.limit
        self._last = 0  # when it said so last
        self._timer: Timer | None = None
        self.notify = Notify(loop, self._heard, box.address, box.fd)
        self.status: Callable[[Run, str], None] = lambda run, text: None
        self.silent: Callable[[Run, str], None] = lambda run, why: None

    def begin(self) -> None:
        """The socket listens already."""

    def _heard(self, notice: Notice) -> None:
        if not self._trusted(notice):
            return
        if notice.status:
            self.status(self._run, notice.status)
        if notice.main and self._runs.member(self._run, notice.main):
            self._main = notice.main
        if notice.ready:
            self._found(self._run, self._main or self._run.main)
        if notice.trouble and self._limit:
            self.silent(self._run, "it says so itself")
        elif (notice.alive or notice.ready) and self._run.ready:
            self.alive()

    def alive(self) -> None:
        """It was, just now. Pings only move a time: the timer looks at it when it rings."""
        self._last = self._system.now()
        if self._limit and self._timer is None:
            self._timer = self._loop.at(self._last + self._limit, self._look)

    def _look(self) -> None:
        due = self._last + self._limit
        if due > self._system.now():
            self._timer = self._loop.at(due, self._look)
        else:
            self._timer = None
            self.silent(self._run, "no ping within %d ms" % self._limit)

    def _trusted(self, notice: Notice) -> bool:
        """A living sender must be of this run; one that is gone already, of its user: a program of
        root's, that anybody may start, can be brought to print what he likes to its socket. Who has
        no pid here never was of it."""
        if notice.pid <= 0 or notice.uid not in (0, os.getuid(), self._uid):
            return False
        alive = self._system.stat(notice.pid)
        if alive is None or alive.state == "Z":
            return bool(notice.uid == self._uid)
        return self._runs.member(self._run, notice.pid)

    def heir(self) -> int:
        if self._main in self._run.orphans:
            return self._main
        return NO_HEIR if self._run.ready else WAIT

    def close(self) -> None:
        if self._timer is not None:
            self._loop.cancel(self._timer)
        self.notify.close()

    def dump(self) -> dict[str, Any]:
        return {
            "kind": "notify",
            "uid": self._uid,
            "address": self.notify.address,
            "fd": self.notify.fd,
            "main": self._main,
            "limit": self._limit,
        }

    def fds(self) -> list[int]:
        return [self.notify.fd]


class Line:
    """s6's way: the service writes a newline to a descriptor. `fd` is our end of that pipe."""

    def __init__(self, loop: Loop, run: Run, fd: int, found: Found) -> None:
        self._loop = loop
        self._run = run
        self._fd = fd
        self._found = found
        self._seen = 0

    def begin(self) -> None:
        self._loop.watch(self._fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        self._seen += len(data)
        if b"\n" in data:
            self._found(self._run, self._run.main)
        if b"\n" in data or not data or self._seen > LONGEST_LINE:
            self.close()

    def heir(self) -> int:
        return NO_HEIR

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.unwatch(self._fd)
            os.close(self._fd)
            self._fd = -1

    def dump(self) -> dict[str, Any]:
        return {"kind": "fd", "fd": self._fd}

    def fds(self) -> list[int]:
        return [self._fd] if self._fd >= 0 else []
