"""Calls of the kernel that Python has no name for: mount(2) and umount2(2)."""

from __future__ import annotations

import ctypes
import os

RDONLY = 1
NOSUID = 2
NODEV = 4
NOEXEC = 8
REMOUNT = 32
BIND = 4096
REC = 16384
PRIVATE = 1 << 18
DETACH = 2  # of umount2
NOFOLLOW = 8

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Raises OSError that names the target."""
    words = [os.fsencode(word) if word else None for word in (source, target, kind)]
    more = os.fsencode(data) if data else None
    _judge(_libc.mount(*words, ctypes.c_ulong(flags), more), target)


def unmount(target: str, flags: int = 0) -> None:
    """Raises OSError that names the target."""
    _judge(_libc.umount2(os.fsencode(target), flags), target)


def _judge(result: int, target: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)
