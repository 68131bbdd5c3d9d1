"""Who is at a root: `flock` on its home. One alone lays it or takes it away; those who are about to
run in it share the lock, until they stand there and everybody can see it."""

from __future__ import annotations

import errno
import fcntl
import os

_WITHOUT = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)  # no such locks there
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class RootLock:
    """A context manager. Raises BlockingIOError where it is not to `wait`, and somebody has it;
    FileNotFoundError where there is no such home (nor is one to be made: `make`)."""

    def __init__(self, home: str, *, alone: bool, wait: bool = True, make: bool = False) -> None:
        self._home = home
        self._how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        self._wait = 0 if wait else fcntl.LOCK_NB
        self._make = make
        self._fd = -1

    def __enter__(self) -> RootLock:
        return self.take()

    def take(self) -> RootLock:
        """Until it is closed, or this process ends or becomes another program."""
        while not self._take():
            self.close()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _take(self) -> bool:
        """False where it was removed meanwhile."""
        if self._make:
            os.makedirs(self._home, 0o700, exist_ok=True)
        try:
            self._fd = os.open(self._home, _READ)
            fcntl.flock(self._fd, self._how | self._wait)
            return os.path.samestat(os.fstat(self._fd), os.stat(self._home))
        except FileNotFoundError:
            if self._make:
                return False
            self.close()
            raise
        except OSError as error:
            if error.errno in _WITHOUT:
                return True
            self.close()
            raise
