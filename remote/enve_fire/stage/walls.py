"""Walls of the kernel's own, without a program: what a process does before it becomes a command.

It gets its own mounts, of which all but some folders are read-only, and a network with nothing but
`lo`. root keeps the rights over files that it has; nobody keeps a right to take the walls down.
"""

from __future__ import annotations

import errno
import os

from enve_pm.enter import kernel
from enve_pm.maker import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# capabilities of root's that concern files and its own children
_KEPT = (0, 1, 3, 4, 5, 6, 7, 18)  # chown dac_override fowner fsetid kill setgid setuid chroot
_MOST = 64


def enter(writable: Sequence[str], network: bool) -> None:
    """Raises OSError."""
    _separate(kernel.NEWNS | kernel.NEWIPC | (0 if network else kernel.NEWNET))
    libc.mount("none", "/", "", libc.REC | libc.PRIVATE)
    for folder in writable:
        libc.mount(folder, folder, "", libc.BIND)
    _set_read_only("/", True)
    for folder in writable:
        _set_read_only(folder, False)
    if not network:
        _raise_loopback()
    _give_up()


def _separate(what: int) -> None:
    """As root with its own rights, else by a namespace of users that knows us alone."""
    try:
        kernel.unshare(what)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(what | kernel.NEWUSER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", "%d %d 1" % (uid, uid))
        _write("/proc/self/gid_map", "%d %d 1" % (gid, gid))


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _set_read_only(folder: str, read_only: bool) -> None:
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        kernel.set_read_only(handle, recursive=read_only, read_only=read_only)
    finally:
        os.close(handle)


def _raise_loopback() -> None:
    from enve_pm.maker.links import Links
    from enve_pm.maker.netlink import Netlink

    links = Links(Netlink())
    links.raise_(links.loopback())


def _give_up() -> None:
    """Of another user than root the kernel takes all rights when it becomes a command."""
    kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)
    if os.geteuid() == 0:
        for number in range(_MOST):
            if number not in _KEPT and not _drop(number):
                break


def _drop(number: int) -> bool:
    """False for one that this kernel does not know."""
    try:
        kernel.prctl(kernel.CAPBSET_DROP, number)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True
