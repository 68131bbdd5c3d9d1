"""The two pipes of pm: made with the modes they must have, and held open for reading and writing.

Held O_RDWR by the watchdog and by pm: no storm of end-of-file when a writer leaves, and bytes that
are unread when pm replaces itself stay.
"""

from __future__ import annotations

import grp
import os
import stat

GROUP = "pm-march"  # who may write signed streams, in a system install


class NoFifo(Exception):
    """Something that is no fifo of ours stands in its place; the text says what to do."""


def open_fifo(path: str, mode: int, gid: int = -1) -> int:
    """Make the fifo where it is missing, set its mode and group, and open it. Raises NoFifo."""
    os.makedirs(os.path.dirname(path), 0o755 if gid >= 0 else 0o700, exist_ok=True)
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        pass
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
    if not stat.S_ISFIFO(os.lstat(path).st_mode):  # looked at first: opening a device may act
        raise NoFifo(f"{path} is not a fifo: move it away and start pm again")
    fd = os.open(path, flags)
    state = os.fstat(fd)
    if not stat.S_ISFIFO(state.st_mode) or state.st_uid != os.geteuid():
        os.close(fd)
        raise NoFifo(f"{path} is not a fifo of uid {os.geteuid()}: remove it and start pm again")
    if gid >= 0:
        os.fchown(fd, -1, gid)
    os.fchmod(fd, mode)
    return fd


def open_input(home: str) -> int:
    """The owner's pipe."""
    return open_fifo(f"{home}/input", 0o600)


def open_streams(path: str) -> int:
    """The pipe for signed streams: open to the group that may march where that group exists."""
    gid = march_group()
    return open_fifo(path, 0o600 if gid < 0 else 0o620, gid)


def march_group() -> int:
    """The group id of pm-march for a root pm, -1 otherwise."""
    if os.geteuid() != 0:
        return -1
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return -1
