"""Whose a folder is, and who else could change it: all that a store's trust rests on.

A folder of a store may be found by anybody, and in a store of mode 1777 anybody may make one. So
what counts is who owns it (root or we), and that nobody else may write into it; in one with the
sticky bit others may, but cannot take away what is ours: there each thing is judged by itself.
"""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import FAILED, USAGE, Trouble
from enve_fire.tree import trusted
from enve_fire.tree.walk import FILE
from enve_pm.shell.state.handle import read_all

LONGEST = 1 << 20  # bytes of a file that is read whole


def folder(path: str, owner: int, hidden: bool = False) -> bool:
    """A real folder of that user, which others cannot change; `hidden`: nor read."""
    state = _seen(path)
    if state is None or (hidden and state.st_mode & 0o077):
        return False
    return trusted.keeps_names(state) and state.st_uid == owner


def inner(path: str, me: int) -> bool:
    """A folder within one that is trusted: root's or ours, where others write nothing."""
    state = _seen(path)
    return state is not None and stat.S_ISDIR(state.st_mode) and trusted.is_safe(state, me)


def entry(path: str, me: int) -> bool:
    """Whether an entry in a trusted folder is root's or ours."""
    state = _seen(path)
    return state is not None and stat.S_ISDIR(state.st_mode) and trusted.is_ours(state, me)


def _seen(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def read(path: str, me: int, longest: int = LONGEST) -> bytes | None:
    """A file of root's or ours; None if there is none, or it is longer."""
    try:
        handle = os.open(path, FILE)
    except OSError:
        return None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or not trusted.is_ours(state, me):
            return None
        return read_all(handle, longest) if state.st_size <= longest else None
    finally:
        os.close(handle)


def store(path: str, me: int) -> str:
    """The real path of a store's folder. Raises Trouble where others could change what is in there,
    FileNotFoundError where there is none."""
    found = os.path.realpath(path)
    state = os.stat(found)
    if not stat.S_ISDIR(state.st_mode):
        raise Trouble(USAGE, "%s: wanted a store's folder, found none" % path, "set ENVE_STORE")
    if not closed(state, me):
        raise Trouble(FAILED, _WHY % path, "chown it, and chmod it to 0755 or 1777")
    if me == 0:
        _way(found)
    return found


_WHY = "%s: wanted a store's folder of mine or root's, where others cannot rename what is mine"


def closed(state: os.stat_result, me: int) -> bool:
    """A folder of root's or ours in which others cannot rename what is ours."""
    return trusted.keeps_names(state) and trusted.is_ours(state, me)


def _way(path: str) -> None:
    """Root must not be led elsewhere by whoever owns a folder above."""
    from enve_pm.maker.trusted import Bent, open_path

    try:
        os.close(open_path(path))
    except Bent as bent:
        raise Trouble(FAILED, "%s: %s" % (path, bent.strerror)) from None
