"""Calls of the kernel that Python has no name for, or only in its later versions."""

from __future__ import annotations

import ctypes
import errno
import os

NEWNS = 0x00020000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

SET_PDEATHSIG, SET_DUMPABLE = 1, 4
SET_KEEPCAPS = 8
CAPBSET_READ, CAPBSET_DROP = 23, 24
SET_NO_NEW_PRIVS = 38
CAP_AMBIENT, AMBIENT_RAISE, AMBIENT_CLEAR_ALL = 47, 2, 4
CAP_VERSION_3 = 0x20080522
MOUNT_SETATTR = 442  # the same number everywhere but on alpha
EMPTY_PATH, RECURSIVE = 0x1000, 0x8000
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def unshare(flags: int) -> None:
    _judge(_libc.unshare(flags))


def join(handle: int, flag: int = 0) -> None:
    """Go into the namespace that was opened; `flag`: of what kind it has to be."""
    _judge(_libc.setns(handle, flag))


def prctl(option: int, *arguments: int) -> int:
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    result = int(_libc.prctl(option, *words))
    _judge(result)
    return result


def set_capabilities(mask: int) -> None:
    """Permitted, effective and inheritable are just these."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    head = (ctypes.c_uint32 * 2)(CAP_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
    _judge(_libc.capset(head, data))


def pivot(folder: int) -> bool:
    """An open folder, on which something is mounted, becomes /; what was / is gone. Needs a private
    mount namespace. False where / is the kernel's first one, which nobody can take away."""
    os.fchdir(folder)
    try:
        _judge(_libc.pivot_root(b".", b"."))
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    _judge(_libc.umount2(b".", 2))  # MNT_DETACH: the old one lies on top
    os.chdir("/")
    return True


def set_read_only(handle: int, recursive: bool, read_only: bool = True) -> None:
    """Of the mount that an open folder stands for, and of those in it. Raises OSError (ENOSYS
    before Linux 5.12)."""
    set_, clear = (ATTR_RDONLY, 0) if read_only else (0, ATTR_RDONLY)
    _set_attributes(handle, _MountAttr(set_, clear, 0, 0), recursive)


def restrict(handle: int, attributes: int, recursive: bool) -> None:
    """As `set_read_only`, by attributes: ATTR_..."""
    _set_attributes(handle, _MountAttr(attributes, 0, 0, 0), recursive)


def _set_attributes(handle: int, attr: _MountAttr, recursive: bool) -> None:
    flags = EMPTY_PATH | (RECURSIVE if recursive else 0)
    size = ctypes.c_size_t(ctypes.sizeof(attr))
    _judge(
        _libc.syscall(
            ctypes.c_long(MOUNT_SETATTR),
            handle,
            b"",
            ctypes.c_uint(flags),
            ctypes.byref(attr),
            size,
        )
    )


def set_hostname(name: str) -> None:
    text = name.encode()
    _judge(_libc.sethostname(text, ctypes.c_size_t(len(text))))


def _judge(result: int, path: str | None = None) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
