"""A part of pm that goes on by itself for a moment: what would keep the loop waiting (a slow disk,
a large file) is done by a fork of pm, which ends with it.

A new interpreter for this would cost 20 ms and read the program again; a fork costs one. It is safe
because pm has one thread, and because the fork at once lets go of all that is pm's: the signals,
every descriptor but those that it is given, the session. A signal that comes while it does so waits
until it has, and then means to the fork what it means to any process. What others give it to read
cannot make it grow without end. It gives its rights away, where it does, as any other child would
(see `rights`). It lives no longer than pm: the watchdog ends it with all that is below pm.
"""

from __future__ import annotations

import gc
import os
import resource
import sys

from enve_pm.shell.events.light import signal
from enve_pm.shell.events.system import DEFAULTED
from enve_pm.shell.state.handle import nameless, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from enve_pm.shell.events.loop import Loop

MEMORY = 512 << 20  # bytes of address space
BROKEN = 70  # exit status after a mistake of ours (EX_SOFTWARE)
NONE: Mapping[int, int] = {}
HELD = frozenset(signal.valid_signals())  # (the kernel lets nobody hold back KILL and STOP)


def branch(
    loop: Loop, fds: Mapping[int, int], work: Callable[[], int], done: Callable[[int], None]
) -> int:
    """Do the work in a child, whose exit status it gives; `done` gets that. `fds`: child's number
    (0, 1; one that is missing is /dev/null) -> ours; its errors go where pm's go. Returns the pid.
    Raises OSError."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        pid = os.fork()
        if pid == 0:
            _be(fds, work)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    loop.child(pid, done)
    return pid


def order(
    loop: Loop,
    request: bytes,
    work: Callable[[], int],
    done: Callable[[int], None],
    fds: Mapping[int, int] = NONE,
) -> None:
    """A branch whose stdin is the request. Raises OSError: then nothing was begun."""
    given = rows(request)
    try:
        branch(loop, {0: given, **fds}, work, done)
    finally:
        os.close(given)


def rows(data: bytes) -> int:
    """A nameless file that holds what a child reads as its stdin. Raises OSError."""
    handle = nameless("/tmp")  # noqa: S108  (made anew and never followed)
    try:
        write_all(handle, data)
        os.lseek(handle, 0, os.SEEK_SET)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _be(fds: Mapping[int, int], work: Callable[[], int]) -> NoReturn:
    """The child: whatever happens, nothing of pm runs on in it."""
    code = BROKEN
    try:
        _let_go(fds)
        code = work()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()  # before Python 3.9 it keeps what it is given
    finally:
        os._exit(code)


def _let_go(fds: Mapping[int, int]) -> None:
    gc.freeze()  # a collection that looks at what is pm's would write to every page that we share
    signal.set_wakeup_fd(-1)
    for handled in DEFAULTED:
        signal.signal(handled, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    _take_over(fds)
    _close_from(3)
    bound()


def bound() -> None:
    """What others give this process to read cannot make it grow without end."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]  # who is not root cannot go above it
    most = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _take_over(fds: Mapping[int, int]) -> None:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number, ours in {0: null, 1: null, **fds}.items():
        os.dup2(ours, number)


def _close_from(lowest: int) -> None:
    """By name: to try every number that a process may have takes long before Python 3.10."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) >= lowest:
            try:
                os.close(int(name))
            except OSError:
                continue  # the one that listed them
