"""The two pipes of pm: made with the modes they must have, and held open for reading and writing.

Held O_RDWR by the watchdog and by pm: no storm of end-of-file when a writer leaves, and bytes that
are unread when pm replaces itself stay.
"""

from __future__ import annotations

import grp
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.guard.post import Post

GROUP = "pm-march"  # who may write signed streams, in a system install
INPUT, STREAMS = "input", "streams"  # the two, as pm names them to its watchdog


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
        raise NoFifo(f"{path} is not a fifo: move it away, then deploy again")
    fd = os.open(path, flags)
    state = os.fstat(fd)
    if not stat.S_ISFIFO(state.st_mode) or state.st_uid != os.geteuid():
        os.close(fd)
        raise NoFifo(f"{path} is not a fifo of uid {os.geteuid()}: remove it, then deploy again")
    if gid >= 0:
        os.fchown(fd, -1, gid)
    os.fchmod(fd, mode)
    return fd


def opened_again(fd: int) -> int:
    """The same pipe as an open file of its own: who gets that one, and has it wait where the pipe
    is full or empty, does not make us wait. Raises OSError."""
    return os.open("/proc/self/fd/%d" % fd, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def open_input(home: str) -> int:
    """The owner's pipe."""
    return open_fifo(f"{home}/input", 0o600)


def open_streams(path: str) -> int:
    """The pipe for signed streams: open to the group that may march where that group exists."""
    gid = march_group()
    return open_fifo(path, 0o600 if gid < 0 else 0o620, gid)


def place(which: str, post: Post) -> tuple[str, int]:
    """Path and descriptor of one of the two; -1: it is none of ours."""
    return (post.path, post.pipe) if which == STREAMS else (f"{post.home}/input", post.input)


def open_one(which: str, post: Post) -> int:
    """Open what stands in its place now, or make it. Raises NoFifo, OSError."""
    return open_streams(post.path) if which == STREAMS else open_input(post.home)


def stands(path: str, fd: int) -> bool:
    """Is what we read from still what writers find at its path?"""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except OSError:
        return False


def march_group() -> int:
    """The group id of pm-march for a root pm, -1 otherwise."""
    if os.geteuid() != 0:
        return -1
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return -1
