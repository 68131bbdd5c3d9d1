"""Folders and files with owner and mode, put in place so that a crash leaves the old or the new.

Nothing is followed: a link in the place of a folder or a file of ours is refused or replaced.
"""

from __future__ import annotations

import hashlib
import os
import stat

from enve_pm.hostinit.problem import Problem
from enve_pm.shell.state.handle import sync_folder, write_all


def folder(path: str, mode: int, gid: int = -1) -> bool:
    """Make a folder of ours, or mend its mode and group; True when something was changed."""
    made = _made(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Problem(
            "%s is no folder: %s" % (path, error.strerror), "move it away, then deploy again"
        ) from None
    try:
        return _mend(handle, path, mode, gid) or made
    finally:
        os.close(handle)


def _made(path: str) -> bool:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    return True


def _mend(handle: int, path: str, mode: int, gid: int) -> bool:
    state = os.fstat(handle)
    if state.st_uid != os.geteuid():
        raise Problem(
            "%s belongs to uid %d, wanted %d" % (path, state.st_uid, os.geteuid()),
            "give it back with chown, or deploy as its owner",
        )
    group = gid >= 0 and state.st_gid != gid
    if group:
        os.fchown(handle, -1, gid)
    if group or stat.S_IMODE(state.st_mode) != mode:
        os.fchmod(handle, mode)
        return True
    return False


def parents(path: str, mode: int) -> None:
    """The folders above `path`; those that are there stay as they are."""
    above = os.path.dirname(path) or "/"
    if above != "/" and not os.path.isdir(above):
        parents(above, mode)
        os.mkdir(above)
        os.chmod(above, mode)


def enterable(path: str) -> None:
    """Raises Problem with the folder above `path` that keeps other users out, if one does."""
    steps = [step for step in path.split("/") if step]
    for end in range(len(steps)):
        path = "/" + "/".join(steps[:end])
        if not os.stat(path).st_mode & stat.S_IXOTH:
            raise Problem(
                "%s keeps other users out, and pm's own (pm-verify) must get through" % path,
                "chmod o+x %s, or give pm another home and pipe" % path,
            )


def put(path: str, data: bytes, mode: int, gid: int = -1) -> bool:
    """Put a file in place, on the disk before this returns; False when it was the same already."""
    part = "%s/.%s.new" % (os.path.dirname(path), os.path.basename(path))
    discard(part)  # of a deploy that was cut off
    if _same(path, data, mode, gid):
        return False
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(part, flags, 0o600)
    try:
        if gid >= 0:
            os.fchown(handle, -1, gid)
        os.fchmod(handle, mode)
        write_all(handle, data)
        os.fsync(handle)
        os.rename(part, path)
    except OSError:
        discard(part)
        raise
    finally:
        os.close(handle)
    sync_folder(os.path.dirname(path))
    return True


def _same(path: str, data: bytes, mode: int, gid: int) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        right = stat.S_ISREG(state.st_mode) and stat.S_IMODE(state.st_mode) == mode
        right = right and state.st_uid == os.geteuid() and gid in (-1, state.st_gid)
        return right and state.st_size == len(data) and file.read() == data


def discard(path: str) -> None:
    """Remove a file; one that is not there is as good."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass


def read(path: str, limit: int = 1 << 20) -> bytes:
    """The first `limit` bytes; nothing when it is not there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        return file.read(limit)


def aside(path: str) -> str:
    """Something else than a pipe stands where a pipe has to: it is moved away, not lost. Where it
    went, "" when nothing stood in the way."""
    try:
        if stat.S_ISFIFO(os.lstat(path).st_mode):
            return ""
    except FileNotFoundError:
        return ""
    os.rename(path, path + ".moved")
    return path + ".moved"


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()
