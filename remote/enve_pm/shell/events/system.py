"""The one seam between pm and the operating system: clocks, processes, /proc, small files.

Everything that pm does to the outside goes through a `System`, so that a test can pass another
one, and so that a reader sees in one place (and in `procfs` and `files`) what pm is able to do.
"""

from __future__ import annotations

import errno
import os
import resource
import time

from enve_pm.core.lean import namedtuple
from enve_pm.shell.events.handing import Handing
from enve_pm.shell.events.light import signal
from enve_pm.shell.process import keyring
from enve_pm.shell.process.procfs import ProcFs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Signals that Python, or whoever started pm, may ignore: a child must not inherit that.
DEFAULTED = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGCHLD,
)
BOOTTIME = getattr(time, "CLOCK_BOOTTIME", -1)
TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # ns


# uid, gid, groups of a unit's user
Whom = namedtuple("Whom", "uid gid groups")


def _enter(folder: str, whom: Whom | None) -> None:
    """Change the working directory with the rights of `whom`; only root's pm has others."""
    acting(whom, lambda: os.chdir(folder))


def acting(whom: Whom | None, act: Callable[[], None]) -> None:
    """Do something with the rights of `whom` on files and sockets. pm has one thread, so nobody
    else has them meanwhile."""
    if whom is None:
        act()
        return
    before = os.getegid(), os.getgroups()
    try:
        os.setgroups(whom.groups)
        os.setegid(whom.gid)
        os.seteuid(whom.uid)
        act()
    finally:
        os.seteuid(0)
        os.setegid(before[0])
        os.setgroups(before[1])


def _pidfd(pid: int) -> int:
    """What a process keeps its number by; -1 where it is gone, or the kernel has no such thing (or
    a container forbids it), though Python has."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return -1


class System(ProcFs):
    """The real one. Times: `now()` in ms of CLOCK_MONOTONIC, `wall()` in ms since 1970."""

    def __init__(self) -> None:
        self._files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._handing = Handing()

    def seal(self) -> None:
        """Whatever descriptors we were started with, no child gets them."""
        for name in os.listdir("/proc/self/fd"):
            try:
                if int(name) > 2:
                    os.set_inheritable(int(name), False)
            except OSError:
                continue  # the one that listed them

    def widen(self) -> None:
        """Allow pm itself every file descriptor that it may have: each unit costs it two. What it
        spawns gets the limit that pm was started with."""
        self._limit_files(self._files[1])
        self._handing.keep()

    def most_files(self) -> int:
        """How many descriptors pm may have."""
        return self._files[1] if self._files[1] != resource.RLIM_INFINITY else 1 << 30

    def files(self) -> int:
        """How many what pm spawns may have: a change of program must not lose that, as the next one
        finds the wider limit."""
        return self._files[0]

    def keep_files(self, soft: int) -> None:
        self._files = soft, self._files[1]

    def _limit_files(self, soft: int) -> None:
        if self._files[0] != self._files[1]:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, self._files[1]))

    def now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall(self) -> int:
        return time.time_ns() // 1_000_000

    def ticks(self) -> int:
        """Now, as /proc/PID/stat counts the start of processes; 0 where that cannot be told. A
        process that was started within one tick has that start: one file less to read."""
        return time.clock_gettime_ns(BOOTTIME) // TICK if BOOTTIME >= 0 else 0

    def lasted(self, start: int) -> int:
        """For how long that is which started at `start` in ticks: ms, at least 1; 0: unknown."""
        now = self.ticks()
        return max(1, (now - start) * TICK // 1_000_000) if start and now else 0

    def ahead(self, minute: int) -> int:
        """How far the local time is ahead of UTC in this minute since 1970, in minutes."""
        return time.localtime(minute * 60).tm_gmtoff // 60

    def same_zone(self) -> None:
        """The machine may have been moved to another time zone: look."""
        time.tzset()

    def below(self, limit: int) -> int:
        """Any number from 0 up to the limit, without it."""
        return int.from_bytes(os.urandom(8), "big") % limit

    def rest(self, seconds: float) -> None:
        """Do nothing for a moment: only while no loop turns, at the start and at the end."""
        time.sleep(seconds)

    def acting(self, whom: Whom | None, act: Callable[[], None]) -> None:
        """See above; in a callback that comes later pm is itself again."""
        acting(whom, act)

    # -- processes ---------------------------------------------------------------------------------
    def spawn(  # noqa: PLR0913, PLR0917
        self,
        argv: list[str],
        env: Mapping[str, str],
        fds: Mapping[int, int],
        cwd: str = "/",
        umask: int = 0o22,
        whom: Whom | None = None,
    ) -> int:
        """Start a program in a session of its own; argv[0] is a path. `fds` maps the child's
        numbers to ours (a missing 0, 1 or 2 is /dev/null). `whom`: who will run it, so that it
        begins in no folder that he could not enter. It has none of our keys, and no other child's.
        Raises OSError.

        The working directory, the umask and the limit of open files are inherited, so pm, which
        has one thread, puts them on for the moment of the call: no second exec is paid for them.
        """
        before = os.umask(umask)
        try:
            actions = self._handing.actions(fds, self._files[0])
            _enter(cwd, whom)
            keyring.renew()
            self._limit_files(self._files[0])
            return os.posix_spawn(
                argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=DEFAULTED
            )
        finally:
            self._limit_files(self._files[1])
            os.umask(before)
            os.chdir("/")
            self._handing.done()

    def reap(self) -> list[tuple[int, int]]:
        """Every child that has ended: (pid, exit status or -signal)."""
        ended: list[tuple[int, int]] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return ended
            if pid == 0:
                return ended
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            ended.append((pid, code))

    def kill_group(self, pid: int, number: int) -> None:
        """Signal the group of a child that is not reaped yet (so its number is still its own)."""
        try:
            os.killpg(pid, number)
        except OSError as error:
            if error.errno not in (errno.ESRCH, errno.EPERM):
                raise

    def kill(self, pid: int, start: int, number: int) -> bool:
        """Signal one process if it is still the one that started at `start`."""
        handle = _pidfd(pid)
        try:
            stat = self.stat(pid)
            if stat is None or stat.start != start:
                return False
            if handle >= 0:
                signal.pidfd_send_signal(handle, number)
            else:
                os.kill(pid, number)
        except OSError:
            return False
        finally:
            if handle >= 0:
                os.close(handle)
        return True
