"""One maker at a time: a lock of the kernel's, which a killed process cannot leave behind.

The file says who holds it, for a message; that it exists means nothing. Those who wait for what is
being made share the lock once it is free: all of them see it at the same time, not in a row. On a
file system without such locks everybody goes ahead, and whoever is first to rename wins.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from _thread import get_ident

from enve_fire.core.trouble import FAILED, Trouble
from enve_pm.shell.guard.lock import sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from enve_fire.tree.pace import Report

PATIENCE = 2.0  # seconds until somebody is told why nothing happens
PAUSE = 0.005
_WITHOUT = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_held: set[tuple[int, str]] = set()  # (thread, path)


class Lock:
    """A context manager. `folder`: one that nobody else can open anything in. `look`: whether what
    is wanted is there; where somebody else has made it, that is `found`, and we hold nothing.
    `does`: what is said of who holds it, else that he makes that name."""

    def __init__(
        self,
        folder: str,
        name: str,
        report: Report,
        look: Callable[[], Any] = lambda: None,
        does: str = "",
    ) -> None:
        self.path = folder + "/" + name
        self.kernel = True  # whether the file system has locks
        self.found: Any = None
        self._report = report
        self._look = look
        self._does = does or "makes " + name
        self._fd = -1

    def __enter__(self) -> Lock:
        if (get_ident(), self.path) in _held:
            raise Trouble(FAILED, "%s is needed to make itself" % os.path.basename(self.path))
        while not self._take():
            os.close(self._fd)
        if self.found is None:
            sign(self._fd)
            _held.add((get_ident(), self.path))
        return self

    def __exit__(self, *_: object) -> None:
        _held.discard((get_ident(), self.path))
        os.close(self._fd)

    @property
    def fd(self) -> int:
        """Held as long as this is open, in children too."""
        return self._fd

    def _take(self) -> bool:
        """False where the file was removed meanwhile: there is another one now."""
        self._fd = os.open(self.path, _FLAGS, 0o600)
        self.found = None
        try:
            if not self._tried(fcntl.LOCK_EX):
                self._wait(fcntl.LOCK_SH)
                self.found = self._look()
                if self.found is None:
                    self._wait(fcntl.LOCK_EX)
            return is_at(self._fd, self.path)
        except BaseException:
            os.close(self._fd)
            raise

    def _wait(self, how: int) -> None:
        end = time.monotonic() + PATIENCE
        while not self._tried(how):
            if time.monotonic() > end:
                self._report("waiting for pid %s, which %s" % (self._holder(), self._does))
                fcntl.flock(self._fd, how)
                return
            time.sleep(PAUSE)

    def _tried(self, how: int) -> bool:
        try:
            fcntl.flock(self._fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _WITHOUT:
                raise
            self.kernel = False
        return True

    def _holder(self) -> str:
        return os.pread(self._fd, 20, 0).decode("ascii", "replace").strip() or "?"


def idle(path: str) -> int | None:
    """A descriptor of a lock that nobody else holds, so that we do; None if somebody does, or has
    removed it meanwhile: there may be another one now. On a file system without locks nobody does.
    Whoever gets one closes it. Raises OSError."""
    handle = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _WITHOUT:
            os.close(handle)
            return None
    if not is_at(handle, path):
        os.close(handle)
        return None
    return handle


def is_at(handle: int, path: str) -> bool:
    """Whether the file lies there still."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def is_idle(path: str) -> bool:
    """Whether nobody else holds it now."""
    if not os.path.lexists(path) or (get_ident(), path) in _held:
        return True
    handle = idle(path)
    if handle is None:
        return False
    os.close(handle)
    return True
