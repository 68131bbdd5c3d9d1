"""Folders and files of ours in a root: nobody else could have laid them, and a file is there whole
or not at all."""

from __future__ import annotations

import fcntl
import os
import stat

from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.tree import trusted
from enve_fire.tree.written import fill
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY = ".key"
KEY_LENGTH = 32  # bytes
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def write(folder: Folder, name: str, data: bytes) -> None:
    """Whole or not at all, for its owner only."""
    new = ".%s.new" % name
    folder.unlink(new)
    fill(folder.create(new), data)
    folder.rename(new, name)
    os.fsync(folder.fd)


def read(folder: Folder, name: str, most: int) -> bytes:
    """b"" where there is none."""
    try:
        handle = folder.read(name)
    except FileNotFoundError:
        return b""
    try:
        return read_all(handle, most)
    finally:
        os.close(handle)


def key(folder: Folder) -> bytes:
    """b"" if there is none yet. Raises Trouble, OSError."""
    found = read(folder, KEY, 2 * KEY_LENGTH)
    if found and len(found) != KEY_LENGTH:
        raise Trouble(SETUP, "%s: wanted %d bytes, found others" % (KEY, KEY_LENGTH))
    return found


def new_key(folder: Folder) -> bytes:
    """Written, where there is none yet. Raises OSError."""
    found = os.urandom(KEY_LENGTH)
    write(folder, KEY, found)
    return found


def own(above: Folder, name: str, mode: int, code: int = SETUP) -> Folder:
    """A folder of ours, in which nobody else could lay what we would take for our own. Raises
    Trouble (`code`), OSError."""
    try:
        os.mkdir(name, mode, dir_fd=above.fd)
        made = True
    except FileExistsError:
        made = False
    try:
        found = above.below(name)
    except OSError as error:
        raise Trouble(code, "%s: wanted a folder: %s" % (name, error.strerror)) from None
    state = os.fstat(found.fd)
    if not trusted.is_safe(state, os.geteuid()):
        os.close(found.fd)
        found_ = "found uid %d, mode %o" % (state.st_uid, stat.S_IMODE(state.st_mode))
        told = "%s: wanted a folder that only root or uid %d may write in, %s"
        raise Trouble(code, told % (name, os.geteuid(), found_))
    if made:
        os.fchmod(found.fd, mode)
    return found


def locked(folder: Folder, name: str, waits: Callable[[], None]) -> int:
    """A descriptor, which holds it until it is closed. `waits` is called if somebody else does."""
    handle = os.open(name, _LOCK, 0o600, dir_fd=folder.fd)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            fcntl.flock(handle, fcntl.LOCK_EX)
    except BaseException:
        os.close(handle)
        raise
    return handle
