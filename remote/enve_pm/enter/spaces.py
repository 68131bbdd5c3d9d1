"""Namespaces of a process's own, and those that it joins."""

from __future__ import annotations

import fcntl
import os
import struct

from enve_pm.core.room import NONE
from enve_pm.enter import kernel
from enve_pm.shell.light import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# What is done to the file system is seen by nobody else.
MOUNTS = frozenset(("private_tmp", "read_only", "hidden"))
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # of a network device
DEVICE = struct.Struct("16sH22x")


def flags(room: Mapping[str, Any]) -> int:
    """What has to be unshared for it."""
    spaces = room.get("namespaces", ())
    wanted = {
        kernel.NEWNS: not MOUNTS.isdisjoint(room) or "pid" in spaces,
        kernel.NEWUTS: "uts" in spaces or "hostname" in room,
        kernel.NEWIPC: "ipc" in spaces,
        kernel.NEWPID: "pid" in spaces,
        kernel.NEWNET: room.get("network") == NONE,
    }
    return sum(flag for flag, asked in wanted.items() if asked)


def unshare(wanted: int, own_user: bool) -> None:
    """`own_user`: in a user namespace, where we are root of ourselves and of nobody else."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(wanted | (kernel.NEWUSER if own_user else 0))
    if own_user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", "%d %d 1" % (uid, uid))
        _write("/proc/self/gid_map", "%d %d 1" % (gid, gid))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def raise_lo() -> None:
    """A new network has nothing but lo, and that is down."""
    some = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name, now = DEVICE.unpack(fcntl.ioctl(some.fileno(), GET_FLAGS, DEVICE.pack(b"lo", 0)))
    fcntl.ioctl(some.fileno(), SET_FLAGS, DEVICE.pack(name, now | UP))
    some.close()
