"""Modes of what is built and installed: files that nobody writes, folders that their owner does."""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import BUILD, Trouble
from enve_fire.tree.walk import top, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

SETUID = 0o4000
BITS = 0o6000  # setuid and setgid
_SEEN = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def close_files(folder: str, setuid: Iterable[str] = ()) -> None:
    """Files lose their w, folders are their owner's alone to change, and only files that are listed
    (by their paths below `folder`) keep setuid and setgid, or become setuid where they have
    neither. All of it becomes ours: to whom root's commands gave something, he could change it
    where others believe it as root's, and no install keeps that. Raises Trouble, OSError."""
    listed = paths(setuid)
    handle = top(folder)
    try:
        if os.geteuid() == 0:
            os.fchown(handle, 0, os.getegid())
        for inner, path, name, state in walk(handle):
            given = _taken_back(inner, name, state, path in listed)
            mode = closed(state.st_mode, stat.S_ISDIR(state.st_mode), path in listed)
            if stat.S_ISLNK(state.st_mode) or (mode == stat.S_IMODE(state.st_mode) and not given):
                continue
            _change(inner, name, mode)
    finally:
        os.close(handle)


def _taken_back(folder: int, name: bytes, state: os.stat_result, listed: bool) -> bool:
    """Whether it was given away; bits such as setuid go then. Raises Trouble for one that would be
    root's with them."""
    ours = (0, os.getegid())
    if os.geteuid() or (state.st_uid, state.st_gid) == ours:
        return False
    if listed and state.st_mode & BITS:
        told = "%s: setuid or setgid of uid %d, gid %d, which no install keeps: it would be root's"
        told %= (ascii(os.fsdecode(name))[1:-1], state.st_uid, state.st_gid)
        raise Trouble(BUILD, told, "leave its owner alone, or take it out of install.setuid")
    os.chown(name, *ours, dir_fd=folder, follow_symlinks=False)
    return True


def paths(listed: Iterable[str]) -> frozenset[bytes]:
    """As `walk` names them; a slash before them says nothing."""
    return frozenset(os.fsencode(path.strip("/")) for path in listed)


def closed(mode: int, is_folder: bool, listed: bool) -> int:
    """What becomes of a mode; `listed`: as one that may be setuid."""
    if is_folder:
        return owned(mode) & 0o1777 | 0o700
    bits = (mode & BITS or SETUID) if listed else 0
    return mode & 0o555 | bits


def owned(mode: int) -> int:
    """Of a folder that nobody but its owner may write in, or, with the sticky bit, take away what
    is another's: what root has made others use, too, and believe because it is root's."""
    return mode if mode & stat.S_ISVTX else mode & ~0o022


def _change(folder: int, name: bytes, mode: int) -> None:
    """Of the very thing that is opened, also of one that its owner may not read."""
    handle = os.open(name, _SEEN, dir_fd=folder)
    try:
        if not stat.S_ISLNK(os.fstat(handle).st_mode):
            os.chmod("/proc/self/fd/%d" % handle, mode)
    finally:
        os.close(handle)
