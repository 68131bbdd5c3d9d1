"""The outer loop for hosts without an init of their own for pm: starts the watchdog, and starts it
again when it ends, with a back-off; in the background (`detach`) in a session of its own.

It runs the program that HOME/lib/current names at each start, so a new version that has taken over
by reexec is also the one that comes back after a crash.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import time

from enve_pm.shell.complain import complain
from enve_pm.shell.guard import lock, program, subtree

CALM = 10.0  # seconds of life after which a death is no part of a crash loop
LONGEST = 60.0  # seconds between two starts, at most
FIRST = 0.1
LOG = 1 << 20  # bytes of the log of pm's own words; then it begins anew
NOT_STARTED = 71  # in place of an exit status (EX_OSERR)
DETACH_DEADLINE = 20.0  # seconds for pm to say that it is there
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def pause(deaths: int) -> float:
    """Seconds to wait after so many quick deaths in a row; the first restart is immediate."""
    return 0.0 if deaths < 1 else float(min(LONGEST, FIRST * 2 ** min(deaths - 1, 20)))


def run(home: str, arguments: list[str], ready: int = -1) -> int:
    """Keep `pm run ARGUMENTS` alive until it ends in order (status 0) or we are asked to end.
    `ready`: a descriptor to hand to the first watchdog. Raises lock.Held."""
    return _Loop(home, arguments, lock.take(home), ready).run()


class _Loop:
    def __init__(self, home: str, arguments: list[str], lock_fd: int, ready: int) -> None:
        self.home = home
        self.arguments = arguments
        self.lock = lock_fd
        self.ready = ready
        self.pid = 0
        self.ending = False
        if ready >= 0:
            os.set_inheritable(ready, True)
        for number in ENDS:
            signal.signal(number, self._end)

    def _end(self, *_: object) -> None:
        self.ending = True
        if self.pid:
            subtree.send([self.pid], signal.SIGTERM)

    def run(self) -> int:
        deaths = 0
        while True:
            began = time.monotonic()
            status = self._once()
            if status == 0 or self.ending:
                return status
            deaths = 0 if time.monotonic() - began >= CALM else deaths + 1
            if not self._rest(pause(deaths)):
                return 0

    def _once(self) -> int:
        """One life of the watchdog: its exit status, 128 + signal when it was killed."""
        argv = program.successor(program.wanted(self.home), "run", *self.arguments)
        argv += ["--lock-fd", str(self.lock)]
        if self.ready >= 0:
            argv += ["--ready-fd", str(self.ready)]
        _trim(2)
        os.set_inheritable(self.lock, True)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # no end may come while we know no pid
        try:
            if self.ending:  # ... and who asked just before that was told to nobody
                return 0
            self.pid = os.posix_spawn(argv[0], argv, os.environ, setsigmask=())
        except OSError as error:  # no memory, no more processes: such moments pass
            complain(f"pm: it cannot be started: {error}")
            return NOT_STARTED
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        if self.ready >= 0:
            os.close(self.ready)
            self.ready = -1
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def _rest(self, seconds: float) -> bool:
        """Wait before the next start; False when we are asked to end meanwhile."""
        end = time.monotonic() + seconds
        while not self.ending and time.monotonic() < end:
            time.sleep(max(0.0, min(0.2, end - time.monotonic())))
        return not self.ending


def _trim(fd: int) -> None:
    """Our own log is a file that we append to: keep it small over many lives."""
    state = os.fstat(fd)
    if stat.S_ISREG(state.st_mode) and state.st_size > LOG:
        os.ftruncate(fd, 0)


def detach(log: str) -> int:
    """Fork into the background: in the loop's process, returns the descriptor on which readiness
    is to be said; the caller's process waits for it here and exits 0, or 3 with the reason."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        raise SystemExit(_await(reader, log))
    os.close(reader)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.makedirs(os.path.dirname(log), 0o700, exist_ok=True)
    null = os.open(os.devnull, os.O_RDWR)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(out)
    return writer


def _await(reader: int, log: str) -> int:
    ready, _, _ = select.select([reader], [], [], DETACH_DEADLINE)
    if ready and os.read(reader, 64):
        return 0
    when = "ended at once" if ready else f"is not there after {DETACH_DEADLINE:.0f} s"
    complain(f"pm: it was started but {when}; what it said is in {log}")
    return 3
