"""Namespaces of a process's own, and those that it joins."""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from enve_pm.core.inside import NONE, USERS
from enve_pm.enter import kernel
from enve_pm.shell.events.light import socket
from enve_pm.shell.process.procfs import ProcFs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# What is done to the file system is seen by nobody else.
MOUNTS = frozenset(("private_tmp", "read_only", "hidden"))
AROUND = kernel.NEWNS | kernel.NEWPID  # what a jail with users of its own is in, and cannot change
KINDS = ("user", "net", "ipc", "uts", "mnt")  # in the order of joining
CLOSED = "this host gives ordinary users no user namespaces (%s = %s): ask its root to allow them"
# The switches of Linux, of Debian and of Ubuntu, and how they stand when they are off.
CLOSERS = (
    ("user.max_user_namespaces", "0"),
    ("kernel.unprivileged_userns_clone", "0"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1"),
)
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # of a network device
DEVICE = struct.Struct("16sH22x")


def flags(room: Mapping[str, Any]) -> int:
    """What has to be unshared for it."""
    spaces = room.get("namespaces", ())
    wanted = {
        kernel.NEWNS: not MOUNTS.isdisjoint(room) or not {"mount", "pid"}.isdisjoint(spaces),
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


def unshare_users(wanted: int, first: int) -> None:
    """In a user namespace whose ids from 0 on are those from `first` on outside, and as its root.
    Only one who stays outside can say so: a child, for a moment."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(writer)
        os._exit(_map(reader, os.getppid(), first))
    os.close(reader)
    try:
        kernel.unshare(wanted | kernel.NEWUSER)
        os.write(writer, b".")
    finally:
        os.close(writer)
        code = os.waitpid(child, 0)[1] >> 8
    if code:
        raise OSError(code, os.strerror(code), "users from %d on" % first)
    _be_root()


def _be_root() -> None:
    """Of the user namespace that we are in."""
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _map(reader: int, pid: int, first: int) -> int:
    """Of that process, when it says so; the number of the error, or 0."""
    try:
        if os.read(reader, 1):
            for kind in ("uid", "gid"):
                _write("/proc/%d/%s_map" % (pid, kind), "0 %d %d" % (first, USERS))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def explained(error: OSError) -> OSError:
    """Why one who is not root got none, as far as the host says it."""
    for name, value in CLOSERS:
        try:
            with open("/proc/sys/" + name.replace(".", "/"), encoding="ascii") as file:
                if file.read().strip() == value:
                    return OSError(error.errno, CLOSED % (name, value))
        except OSError:
            continue  # another kernel's
    return error


def join(pid: int, start: int, inside: bool = False, users: bool = False) -> bool:
    """All namespaces of a process but that of pids, and its root. Its start, in ticks since boot,
    says that it is still the one that is meant. `inside`: also that of pids, for our children;
    `users`: root becomes root of the process's users, else True says that it has some of its own:
    then it may have made itself what it sees."""
    root = os.open("/proc/%d/root" % pid, os.O_PATH | os.O_CLOEXEC)
    handles = [_other(pid, kind) for kind in _kinds(inside, users)]
    strange = not users and _is_other(pid, "user")  # after these: nobody comes back from there
    stat = ProcFs().stat(pid)
    if stat is None or stat.start != start:
        raise OSError(errno.ESRCH, "its process has ended")
    for handle in handles:
        if handle >= 0:
            kernel.join(handle)
            os.close(handle)
    if not os.path.samestat(os.fstat(root), os.stat("/")):
        os.fchdir(root)
        os.chroot(".")
    os.close(root)
    if users:
        _be_root()
    return strange


def _kinds(inside: bool, users: bool) -> Sequence[str]:
    """In the order of joining. Who is not root gets the right to join the others from the user
    namespace; root goes into no user's own, and gives up what he may in one of his."""
    pids = ("pid",) if inside else ()
    if os.geteuid():
        return (*KINDS, *pids)
    return (*KINDS[1:], *pids, *(KINDS[:1] if users else ()))


def _is_other(pid: int, kind: str) -> bool:
    handle = _other(pid, kind)
    if handle >= 0:
        os.close(handle)
    return handle >= 0


def _other(pid: int, kind: str) -> int:
    """A descriptor of a namespace of that process; -1 where we are in it."""
    handle = os.open("/proc/%d/ns/%s" % (pid, kind), os.O_RDONLY | os.O_CLOEXEC)
    if os.path.samestat(os.fstat(handle), os.stat("/proc/self/ns/" + kind)):
        os.close(handle)
        return -1
    return handle


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def raise_lo() -> None:
    """A new network has nothing but lo, and that is down."""
    some = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name, now = DEVICE.unpack(fcntl.ioctl(some.fileno(), GET_FLAGS, DEVICE.pack(b"lo", 0)))
    fcntl.ioctl(some.fileno(), SET_FLAGS, DEVICE.pack(name, now | UP))
    some.close()
