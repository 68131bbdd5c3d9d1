"""jobs/ID/{parameter,pid,retcode}: what was started, as what, and how it ended.

`parameter` is written before the launch, `pid` after it, `retcode` at the end: the code, and of a
process also for how long it ran, in ms, which no clock that is set has a part in. `pid` names the
process for good: pid, start time in ticks, boot id. A job without retcode may still have living
processes: the next pm looks for them before it starts anything.

An ID tells which job began later, also where the wall clock was set back: it begins with a number
that each pm chooses above all that are there, and counts its jobs.
"""

from __future__ import annotations

import os

from enve_pm.core.quick import loads
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from enve_pm.shell.events.system import System
    from enve_pm.shell.state.pending import Pending

KEEP = 8  # jobs of a unit that stay on disk
FOREIGN = 256  # jobs of clients that stay on disk
CLIENT = ""  # the "unit" under which jobs of clients are kept
SALT, MARK = 6, 12  # hex digits in an id: of the stem, and of the job


class Open:
    """A job of an earlier pm without retcode. pid 0: it was not written."""

    __slots__ = ("boot", "job", "pid", "start")

    def __init__(self, job: str, pid: int, start: int, boot: str) -> None:
        self.job = job
        self.pid = pid
        self.start = start
        self.boot = boot


def rank(job: str) -> tuple[int, int]:
    """(number of its pm, its own number): a later job's is greater. (0, 0): an id of a client."""
    stem, _, rest = job.partition("-")
    count, _, own = rest.partition("-")
    try:
        return (int(stem[:-SALT], 16), int(count)) if len(own) == MARK else (0, 0)
    except ValueError:
        return 0, 0


class Jobs:
    """The folder HOME/jobs. Ids are unique over restarts: each pm begins with a stem of its own."""

    def __init__(self, folder: str, system: System, pending: Pending) -> None:
        self._folder = folder
        self._system = system
        self._pending = pending
        self._number = system.wall() // 1000
        self._salt = os.urandom(SALT // 2).hex()
        self._count = 0
        self._boot = system.boot()
        self._kept: dict[str, list[str]] = {}
        self._running: set[str] = set()  # those that have not ended

    def new(self) -> str:
        """A fresh id. It marks the processes of a run, so no other unit may guess it."""
        self._count += 1
        mark = os.urandom(MARK // 2).hex()
        return "%x%s-%d-%s" % (self._number, self._salt, self._count, mark)

    def _follow(self, jobs: Iterable[str]) -> None:
        """Those to come are later than these."""
        self._number = max(self._number, *(rank(job)[0] + 1 for job in jobs), 0)

    def begin(self, job: str, unit: str, parameter: bytes) -> None:
        """Write what is about to be started (canonical JSON, with the unit's name under `unit`);
        the oldest job of the unit makes room."""
        folder = "%s/%s" % (self._folder, job)
        try:
            os.mkdir(folder, 0o700)
        except OSError:
            pass  # the write says so, and is tried again
        self._pending.now(folder + "/parameter", parameter)
        self._running.add(job)
        self._keep(unit, job)

    def pid(self, job: str, pid: int, start: int) -> None:
        text = b"%d %d %s\n" % (pid, start, self._boot.encode())
        self._pending.now("%s/%s/pid" % (self._folder, job), text)

    def end(self, job: str, code: int, message: str = "", lasted: int = 0) -> None:
        """Write how it ended; `message` is for people. `lasted`: ms, 0 is not told."""
        folder = "%s/%s" % (self._folder, job)
        if message:
            self._pending.now(folder + "/message", message.encode("utf-8", "replace") + b"\n")
        text = b"%d %d\n" % (code, lasted) if lasted else b"%d\n" % code
        self._pending.now(folder + "/retcode", text)
        self._running.discard(job)

    def exists(self, job: str) -> bool:
        return os.path.lexists("%s/%s" % (self._folder, job))

    def drop(self, unit: str) -> None:
        """The unit is gone: its jobs go too."""
        for job in self._kept.pop(unit, ()):
            self._remove(job)

    def _keep(self, unit: str, job: str) -> None:
        kept = self._kept.setdefault(unit, [])
        kept.append(job)
        if len(kept) > (FOREIGN if unit == CLIENT else KEEP):
            # A process that runs on while hundreds of checks come and go must be found again.
            oldest = next((one for one in kept if one not in self._running), kept[0])
            kept.remove(oldest)
            self._remove(oldest)

    def _remove(self, job: str) -> None:
        folder = "%s/%s" % (self._folder, job)
        self._pending.forget(folder)
        try:
            for name in os.listdir(folder):
                os.unlink("%s/%s" % (folder, name))
            os.rmdir(folder)
        except OSError:
            pass  # somebody put something into it: not ours to take away

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, list[str]]:
        """What is kept of each unit: the folder need not be read again."""
        return self._kept

    def restore(self, kept: dict[str, list[str]], under_way: set[str]) -> None:
        self._kept, self._running = kept, under_way
        self._follow([jobs[-1] for jobs in kept.values() if jobs])  # its last one

    # -- what an earlier pm left -------------------------------------------------------------------
    def earlier(self) -> Iterator[Open]:
        """Read the folder once, at the start: take its jobs into the pruning, and yield those that
        have not ended."""
        found = []
        for job in os.listdir(self._folder):
            try:
                age = os.stat("%s/%s" % (self._folder, job)).st_mtime_ns
            except OSError:
                continue
            found.append((rank(job), age, job))
        self._follow(job for _, _, job in found)
        for _, _, job in sorted(found):
            self._keep(self._unit(job), job)
            if not os.path.exists("%s/%s/retcode" % (self._folder, job)):
                yield self._open(job)

    def _unit(self, job: str) -> str:
        try:
            unit = loads(self._system.read("%s/%s/parameter" % (self._folder, job))).get("unit")
        except (OSError, FormatError, AttributeError):
            return CLIENT
        return unit if isinstance(unit, str) else CLIENT

    def _open(self, job: str) -> Open:
        try:
            pid, start, boot = self._system.read("%s/%s/pid" % (self._folder, job)).split()
            return Open(job, int(pid), int(start), boot.decode("ascii"))
        except (OSError, ValueError):
            return Open(job, 0, 0, "")
