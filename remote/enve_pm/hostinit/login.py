"""Whose pm a HOME is, where root is to have it started: by a path that nobody else can bend, or
what he lays there would run as somebody else one day."""

from __future__ import annotations

import grp
import os
import pwd
import stat

from enve_pm.hostinit.problem import Problem


def of(home: str) -> str:
    """The login that the folder belongs to. Raises Problem."""
    owner = _folder(home).st_uid
    if owner == 0:
        raise Problem("%s is root's own" % home, "leave --as-root out")
    try:
        login = pwd.getpwuid(owner)
    except KeyError:
        raise Problem("%s belongs to uid %d, which has no name" % (home, owner)) from None
    steps = home.split("/")
    for end in range(1, len(steps) + 1):
        place = "/".join(steps[:end]) or "/"
        _judge(place, _folder(place), login)
    launcher = home + "/pm"
    if os.path.lexists(launcher):  # what will be run
        state = os.lstat(launcher)
        if not stat.S_ISREG(state.st_mode):
            raise Problem("%s is no regular file" % launcher, "deploy again")
        _judge(launcher, state, login)
    return login.pw_name


def _folder(path: str) -> os.stat_result:
    state = os.lstat(path)
    if not stat.S_ISDIR(state.st_mode):
        raise Problem("%s is no folder" % path, "give the path without links: --home HOME")
    return state


def _judge(place: str, state: os.stat_result, login: pwd.struct_passwd) -> None:
    """Nobody but root and the login may put something else there. Raises Problem."""
    if state.st_uid not in (0, login.pw_uid):
        raise Problem("%s is in the way: it belongs to uid %d" % (place, state.st_uid))
    writers = state.st_mode & stat.S_IWOTH
    if state.st_mode & stat.S_IWGRP and not _alone(state.st_gid, login):
        writers |= stat.S_IWGRP
    if writers and not (stat.S_ISDIR(state.st_mode) and state.st_mode & stat.S_ISVTX):
        hint = "chmod %s-w %s" % ("o" if writers & stat.S_IWOTH else "g", place)
        raise Problem("%s is in the way: others may put something else there" % place, hint)


def _alone(gid: int, login: pwd.struct_passwd) -> bool:
    """Whether nobody but root and the login is in the group: many systems give each user one, and
    others one to all of them, whose members no group names."""
    try:
        members = set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        members = set()
    if gid:  # root's own group is as root
        members |= {other.pw_name for other in pwd.getpwall() if other.pw_gid == gid}
    return gid in (0, login.pw_gid) and members <= {"root", login.pw_name}
