"""The one seam between pm and the operating system: clocks, processes, /proc, small files.

Everything that pm does to the outside goes through a `System`, so that a test can pass another
one, and so that a reader sees in one place what pm is able to do.
"""

from __future__ import annotations

import errno
import os
import resource
import stat
import time

from enve_pm.shell.handle import write_all
from enve_pm.shell.light import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

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
SMALL_FILE = 1 << 20  # no file that pm reads whole is larger


class Stat:
    """What /proc/PID/stat says of a process. `start` is in clock ticks since boot: with the pid
    it names a process for as long as the machine runs."""

    __slots__ = ("group", "parent", "session", "start", "state")

    def __init__(self, state: str, parent: int, group: int, session: int, start: int) -> None:
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start


class System:
    """The real one. Times: `now()` in ms of CLOCK_MONOTONIC, `wall()` in ms since 1970."""

    def __init__(self) -> None:
        self._files = resource.getrlimit(resource.RLIMIT_NOFILE)

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

    def rest(self, seconds: float) -> None:
        """Do nothing for a moment: only at the start, before the loop turns."""
        time.sleep(seconds)

    def boot(self) -> str:
        """The id of this boot: pids and start times of another one mean nothing."""
        return self.read("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip()

    # -- processes ---------------------------------------------------------------------------------
    def spawn(
        self,
        argv: list[str],
        env: Mapping[str, str],
        fds: Mapping[int, int],
        cwd: str = "/",
        umask: int = 0o22,
    ) -> int:
        """Start a program in a session of its own; argv[0] is a path. `fds` maps the child's
        numbers to ours (a missing 0, 1 or 2 is /dev/null). Raises OSError.

        The working directory, the umask and the limit of open files are inherited, so pm, which
        has one thread, puts them on for the moment of the call: no second exec is paid for them.
        """
        actions: list[Any] = [(os.POSIX_SPAWN_DUP2, own, child) for child, own in fds.items()]
        for number in (0, 1, 2):
            if number not in fds:
                actions.append((os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0))
        os.chdir(cwd)
        before = os.umask(umask)
        self._limit_files(self._files[0])
        try:
            return os.posix_spawn(
                argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=DEFAULTED
            )
        finally:
            self._limit_files(self._files[1])
            os.umask(before)
            os.chdir("/")

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
        try:
            handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
        except OSError:
            return False
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

    # -- /proc -------------------------------------------------------------------------------------
    def stat(self, pid: int) -> Stat | None:
        """None when there is no such process; a zombie still has one (state Z)."""
        try:
            text = self.read("/proc/%d/stat" % pid)
        except OSError:
            return None
        # The name stands in parentheses and may hold anything, blanks and parentheses too.
        fields = text[text.rfind(b")") + 2 :].split()
        if len(fields) < 20:
            return None
        return Stat(
            fields[0].decode("ascii", "replace"),
            int(fields[1]),
            int(fields[2]),
            int(fields[3]),
            int(fields[19]),
        )

    def environ(self, pid: int) -> dict[bytes, bytes]:
        """The environment that a process was started with; empty when it hides it."""
        try:
            text = self.read("/proc/%d/environ" % pid)
        except OSError:
            return {}
        pairs = (row.partition(b"=") for row in text.split(b"\0") if row)
        return {name: value for name, _, value in pairs}

    def processes(self) -> list[int]:
        """The pid of every process that /proc shows us."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]

    # -- files -------------------------------------------------------------------------------------
    def read(self, path: str, limit: int = SMALL_FILE) -> bytes:
        """The first `limit` bytes of a file. Never follows a fifo into a wait."""
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            chunks, size = [], 0
            while size < limit:
                chunk = os.read(handle, min(65536, limit - size))
                if not chunk:
                    break
                chunks.append(chunk)
                size += len(chunk)
            return b"".join(chunks)
        finally:
            os.close(handle)

    def read_regular(self, path: str, limit: int = SMALL_FILE) -> bytes:
        """The same where somebody else may have put anything: to open a device can already do
        something (a watchdog timer resets the machine), so only a regular file is opened."""
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                raise OSError(errno.EINVAL, "no regular file", path)
            return self.read("/proc/self/fd/%d" % place, limit)
        finally:
            os.close(place)

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Write a small file in place. Raises OSError (disk full among others). The file is not
        emptied first: to free its block and get another costs more than all the rest."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            if os.fstat(handle).st_size != len(data):
                os.ftruncate(handle, len(data))
        finally:
            os.close(handle)

    def replace(self, path: str, data: bytes, mode: int = 0o600, sync: bool = False) -> None:
        """Put a file in the place of another: a reader sees the old one or the new one."""
        part = path + ".new"
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
            try:
                os.fchmod(handle, mode)  # the umask has no say
                write_all(handle, data)
                if sync:
                    os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(part, path)
        except OSError:
            self.remove(part)
            raise
        if sync:
            self.sync_folder(os.path.dirname(path))

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder last."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is as good."""
        try:
            os.unlink(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise
