"""Whose pm a HOME is, where root is to have it started: by a path that nobody else can bend, or
what he lays there would run as somebody else one day."""

from __future__ import annotations

import os
import pwd
import stat

from enve_pm.hostinit.problem import Problem


def of(home: str) -> str:
    """The login that the folder belongs to. Raises Problem."""
    owner = _state(home).st_uid
    if owner == 0:
        raise Problem("%s is root's own" % home, "leave --as-root out")
    steps = home.split("/")
    for end in range(1, len(steps) + 1):
        place = "/".join(steps[:end]) or "/"
        state = _state(place)
        others = state.st_mode & stat.S_IWOTH and not state.st_mode & stat.S_ISVTX
        if state.st_uid not in (0, owner) or (state.st_uid == 0 and others):
            raise Problem("%s is in the way: others may put something else there" % place)
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        raise Problem("%s belongs to uid %d, which has no name" % (home, owner)) from None


def _state(path: str) -> os.stat_result:
    state = os.lstat(path)
    if not stat.S_ISDIR(state.st_mode):
        raise Problem("%s is no folder" % path, "give the path without links: --home HOME")
    return state
