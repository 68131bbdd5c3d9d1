"""Calls of the kernel that Python has no name for: mount(2), umount2(2), unshare(2), setns(2)."""

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
SLAVE = 1 << 19
SHARED = 1 << 20
DETACH = 2  # of umount2
NOFOLLOW = 8
NEWNS, NEWNET = 0x00020000, 0x40000000  # of unshare and setns

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Raises OSError that names the target."""
    words = [os.fsencode(word) if word else None for word in (source, target, kind)]
    more = os.fsencode(data) if data else None
    _judge(_libc.mount(*words, ctypes.c_ulong(flags), more), target)


def unmount(target: str, flags: int = 0) -> None:
    """Raises OSError that names the target."""
    _judge(_libc.umount2(os.fsencode(target), flags), target)


def unshare(kind: int) -> None:
    """Go on in a new namespace of that kind. Raises OSError."""
    _judge(_libc.unshare(kind), "a new namespace")


def setns(namespace: int, kind: int) -> None:
    """Go on in the namespace that the open file is. Raises OSError."""
    _judge(_libc.setns(namespace, kind), "the way into a namespace")


def _judge(result: int, target: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)
