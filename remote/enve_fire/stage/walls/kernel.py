"""Walls of the kernel's own, without a program: what a process does before it becomes a command.

It gets a root of its own that holds what it needs (`stage.walls.view`), with few devices, processes
of its own, and a network with nothing but `lo`. root keeps the rights over files that it has;
nobody keeps a right to take the walls down.
"""

from __future__ import annotations

import errno
import os

from enve_fire.stage.walls import backdrop, init
from enve_pm.enter import kernel
from enve_pm.maker.links import Links
from enve_pm.maker.netlink import Netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.stage.walls.view import View

# capabilities of root's that concern files
_KEPT = (0, 1, 3, 4)  # chown dac_override fowner fsetid
_MOST = 64


def enter(view: View, network: bool) -> None:
    """Returns in the process that becomes the command. Raises OSError."""
    apart = kernel.NEWNS | kernel.NEWIPC | kernel.NEWPID
    _separate(apart | (0 if network else kernel.NEWNET))
    init.first()
    if not network:
        _raise_loopback()
    backdrop.lay(view)  # no module is found from here on
    _give_up()
    init.second()


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


def _raise_loopback() -> None:
    links = Links(Netlink())
    links.raise_(links.loopback())


def _give_up() -> None:
    """A command of root's keeps some, one of anybody else none."""
    kept = () if os.geteuid() else _KEPT
    kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)
    for number in range(_MOST):
        if number not in kept and not _drop(number):
            break
    kernel.set_capabilities(sum(1 << number for number in kept))


def _drop(number: int) -> bool:
    """False for one that this kernel does not know."""
    try:
        kernel.prctl(kernel.CAPBSET_DROP, number)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True
