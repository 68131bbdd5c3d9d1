"""What a nested pm sees: its root, with what it has mounted there itself, in a mount namespace that
is not ours. Paths are opened from outside; only to copy a mount we are in there, for one call.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager

from enve_pm.maker import layer, libc
from enve_pm.shell.process.procfs import ProcFs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


OURS = "/proc/self/ns/mnt"


class Seen:
    """pid, start: of its first process; by its start, in ticks since boot, we know it again."""

    def __init__(self, pid: int, start: int) -> None:
        self._pid = pid
        self._start = start

    def show(self, path: str) -> int:
        """A descriptor (O_PATH) of what stands there; no link is followed. Raises OSError."""
        root = self._open("root", os.O_PATH)
        try:
            return layer.below(root, path)
        finally:
            os.close(root)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """In its namespace: nothing but calls of the kernel on what is open already."""
        root, here = os.open("/", os.O_PATH | os.O_CLOEXEC), os.open(OURS, os.O_RDONLY)
        there = self._open("ns/mnt", os.O_RDONLY)
        try:
            libc.setns(there, libc.NEWNS)
            try:
                yield
            finally:
                libc.setns(here, libc.NEWNS)
                os.fchdir(root)
                os.chroot(".")
                os.chdir("/")
        finally:
            for handle in (root, here, there):
                os.close(handle)

    def _open(self, name: str, flags: int) -> int:
        """Raises OSError, of which FileNotFoundError says that it has ended."""
        handle = os.open("/proc/%d/%s" % (self._pid, name), flags | os.O_CLOEXEC)
        stat = ProcFs().stat(self._pid)
        if stat is None or stat.start != self._start:
            os.close(handle)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return handle
