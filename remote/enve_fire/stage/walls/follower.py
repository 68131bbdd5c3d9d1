"""Who stays outside when a child goes on as the first process of its own pid namespace.

That one is the process that people know: what it is told it hands on, it ends as the child does,
and the child ends with it. A signal that would end, or stop, any other process does nothing to the
first one of a namespace, unless that has a handler; so then it is done for it.
"""

from __future__ import annotations

import os
import resource

from enve_pm.enter import kernel
from enve_pm.shell.events.light import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

PDEATHSIG = 1  # of prctl(2)
TERMINAL = 0x80  # si_code of what the kernel itself sends, to all in the foreground
_ALL = signal.valid_signals()
_STOPS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_HARMLESS = (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH)


class Machine:
    """Its /proc, opened before what is around us is another root. `root`: that one, by its path; it
    stays open, so that everybody sees who uses it: what goes on in there has mounts of its own."""

    def __init__(self, root: str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._child = 0

    def fork(self) -> None:
        """Returns in the child."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
        self._child = os.fork()
        if self._child:
            self._follow()
        kernel.prctl(PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _follow(self) -> NoReturn:
        """To its end, and ours."""
        self._close()
        because = 0
        while True:
            told = signal.sigwaitinfo(_ALL)
            if told.si_signo == signal.SIGCHLD:
                pid, status = os.waitpid(self._child, os.WNOHANG)
                if pid:
                    _end(status, because)
            else:
                because = self._hand_on(told.si_signo, told.si_code == TERMINAL) or because

    def _close(self) -> None:
        """All but these: who waits for a pipe to end, or for a lock, waits for the child alone."""
        folder = os.open("self/fd", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        for number in map(int, os.listdir(folder)):
            if number not in (self._proc, self._root):
                os.closerange(number, number + 1)

    def _hand_on(self, number: int, known: bool) -> int:
        """The signal, if that ends it. `known`: it has got it too."""
        if not known:
            os.kill(self._child, number)
        if number in _HARMLESS or not self._is_plain(number):
            return 0
        if number in _STOPS:
            os.kill(self._child, signal.SIGSTOP)
            os.kill(os.getpid(), signal.SIGSTOP)
            return 0
        os.kill(self._child, signal.SIGKILL)
        return number

    def _is_plain(self, number: int) -> bool:
        """Whether the child neither ignores it nor has a handler for it."""
        path, bit = "%d/status" % self._child, 1 << (number - 1)
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        with open(handle, encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file]
        masks = [int(row[1], 16) for row in rows if row and row[0] in ("SigIgn:", "SigCgt:")]
        return not any(mask & bit for mask in masks)


def _end(status: int, because: int) -> NoReturn:
    """As it ended: by the same signal, if that was one."""
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    number = because or os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # its core is there already
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)
