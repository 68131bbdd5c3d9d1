"""One pm for each HOME, by a kernel lock on HOME/lock.

The lock belongs to the open file, which the outer loop, the watchdog and pm share: it is free when
the last of them is gone, so a new pm never meets the end of an old one.
"""

from __future__ import annotations

import fcntl
import os
import time

NAME = "lock"
INSTANT, PAUSE = 0.2, 0.005  # seconds


class Held(Exception):
    """Somebody else holds the lock; `pid` is who, as the file says (0: it does not say)."""

    def __init__(self, path: str, pid: int) -> None:
        super().__init__(f"{path} is held by pid {pid or 'unknown'}")
        self.path = path
        self.pid = pid


def take(home: str, wait: bool = False) -> int:
    """The descriptor that holds the lock. Raises Held at once when it is not free, unless it is to
    `wait` until it is."""
    path = f"{home}/{NAME}"
    os.makedirs(home, 0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if wait:
        fcntl.flock(fd, fcntl.LOCK_EX)
    elif not _taken(fd):
        pid = _holder(fd)
        os.close(fd)
        raise Held(path, pid)
    sign(fd)
    return fd


def _taken(fd: int) -> bool:
    """Take it, unless somebody holds it. Who looks whether anybody does, has it for an instant."""
    end = time.monotonic() + INSTANT
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE)
        else:
            return True


def sign(fd: int) -> None:
    """Write our pid into the lock that we hold; a full disk keeps nobody from holding it."""
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    except OSError:
        pass  # it does not say then


def _holder(fd: int) -> int:
    try:
        return int(os.pread(fd, 20, 0))
    except ValueError:
        return 0
