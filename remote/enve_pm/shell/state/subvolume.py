"""Subvolumes of btrfs that are in the way of who removes a tree: who owns it may make some, and
seal them. By calls of the kernel's on open folders, as a path could be led elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import struct

from enve_pm.shell.process import mountinfo

ROOT_INODE = 256  # of every subvolume
# As most machines number them; where others mean them, the tree is taken down file by file.
_DESTROY, _SET_FLAGS = 0x5000940F, 0x4008941A
_WHICH = struct.Struct("=q4088s")
_WRITABLE = struct.pack("=Q", 0)


def destroy(above: int, name: str, inner: int) -> bool:
    """Take the open folder `inner` away at once, which bears that name in the open folder above it.
    False: it is no subvolume, or others or mounts are in it; then it can be written, at least."""
    if os.fstat(inner).st_ino != ROOT_INODE:
        return False
    place = os.readlink("/proc/self/fd/%d" % inner)
    empty = not mountinfo.below(place, mountinfo.read())
    if empty and _told(above, _DESTROY, _WHICH.pack(0, os.fsencode(name))):
        return True
    _told(inner, _SET_FLAGS, _WRITABLE)
    return False


def _told(handle: int, what: int, words: bytes) -> bool:
    try:
        fcntl.ioctl(handle, what, bytearray(words))  # bytes may be 1024 at most
    except OSError:
        return False
    return True
