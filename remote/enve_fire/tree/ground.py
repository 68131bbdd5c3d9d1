"""The ground that something is laid on: a folder that nobody but root and we can bend, or could
have bent, and so is every folder on the way to it. Below such a one a path stays what it is."""

from __future__ import annotations

import grp
import os
import pwd
import stat

from enve_fire.core.trouble import Trouble
from enve_pm.maker import trusted
from enve_pm.shell.state.folder import Folder

_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ACL = "system.posix_acl_access"


def opened(path: str, code: int, alone: bool = False) -> Folder:
    """The folder at an absolute path, made where it is missing. `alone`: nobody else may make
    anything in it either, as in /tmp everybody may. Raises Trouble (`code`) where somebody else
    could lead us elsewhere, OSError."""
    try:
        handle = trusted.open_path(path, _make, _judge)
        try:
            _judge(handle, path)
            if alone and os.fstat(handle).st_mode & stat.S_IWOTH:
                told = "%s is a folder that all may write in" % trusted.real(handle)
                raise trusted.Bent(0, told, path)
            return Folder(os.open(".", _READ, dir_fd=handle))
        finally:
            os.close(handle)
    except trusted.Bent as bent:
        raise _trouble(code, path, bent) from None


def is_firm(path: str) -> bool:
    """Whether a folder is there, and is such ground."""
    try:
        handle = trusted.open_path(path, may=_judge)
        try:
            _judge(handle, path)
        finally:
            os.close(handle)
    except OSError:  # Bent is one
        return False
    return True


def check(folder: int, path: str, code: int) -> None:
    """That an open folder is such ground, whatever lies around it; `path`: what errors call it.
    Raises Trouble (`code`)."""
    try:
        _judge(folder, path)
    except trusted.Bent as bent:
        raise _trouble(code, path, bent) from None


def _trouble(code: int, path: str, bent: trusted.Bent) -> Trouble:
    told = "%s: wanted a way that nobody but root and you can change, found that %s"
    return Trouble(code, told % (path, bent.strerror), _HINT)


_HINT = "do it as that user, or in a folder of your own below others that are root's or yours"


def _make(folder: int, step: str) -> None:
    try:
        os.mkdir(step, 0o755, dir_fd=folder)
    except FileExistsError:
        pass  # somebody made it at the same time: it is judged as it is


def _judge(folder: int, path: str) -> None:
    """Whoever is the only one in his group may let it write."""
    try:
        trusted.judge(folder, path)
    except trusted.Bent:
        if not _is_his_alone(folder):
            raise


def _is_his_alone(folder: int) -> bool:
    state = os.fstat(folder)
    if state.st_uid not in (0, os.geteuid()) or state.st_mode & stat.S_IWOTH:
        return False
    try:
        user, group = pwd.getpwuid(state.st_uid), grp.getgrgid(state.st_gid)
        listed = _ACL in os.listxattr(trusted.name(folder))  # then these bits mean something else
    except (KeyError, OSError):
        return False
    his = (user.pw_name, user.pw_gid) == (group.gr_name, group.gr_gid)
    members = {*group.gr_mem, *(one.pw_name for one in pwd.getpwall() if one.pw_gid == user.pw_gid)}
    return his and not listed and members <= {user.pw_name}
