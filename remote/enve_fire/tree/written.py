"""A file that is there whole or not at all: it has another name until it is."""

from __future__ import annotations

import os

from enve_pm.shell.state.handle import write_all

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace(path: str, data: bytes, mode: int = 0o600, sync: bool = False, new: str = "") -> None:
    """What bears that name goes. `sync`: the data are on the disk before (that the name is, is for
    the caller to see to). `new`: the other name, where what a killed one has left is taken away;
    else one that nobody has. Raises OSError, and leaves nothing then."""
    if new:
        unlink(new)
    else:
        new = "%s/.%s" % (os.path.dirname(path), os.urandom(8).hex())
    handle = os.open(new, NEW, 0o600)
    try:
        fill(handle, data, mode, sync)
        os.rename(new, path)
    except BaseException:
        unlink(new)
        raise


def fill(handle: int, data: bytes, mode: int = 0o600, sync: bool = True) -> None:
    """All of it, whatever the umask; the descriptor is closed. Raises OSError."""
    try:
        os.fchmod(handle, mode)
        write_all(handle, data)
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)


def unlink(path: str) -> None:
    """If it is there. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
