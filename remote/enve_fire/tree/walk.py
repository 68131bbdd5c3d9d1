"""What is in a folder. Everything is reached by descriptors from the top, and no step follows a
link, so nobody who may write in there can lead us somewhere else.

A tree is made of files, folders and links. Sockets, fifos and devices are no part of it.
"""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import INPUT, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator

    Skip = Callable[[bytes], bool]  # of a path below the top: it and what is below it is left out
    Seen = tuple[int, bytes, bytes, os.stat_result]

DEPTH = 128  # folders in folders: each costs a descriptor while it is walked
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PARTS = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)


def nothing(path: bytes) -> bool:
    """Nothing is left out."""
    return False


def top(folder: str) -> int:
    """A descriptor of a folder that somebody named: that name may be a link."""
    return os.open(folder, FOLDER & ~os.O_NOFOLLOW)


def entries(folder: int) -> list[tuple[bytes, os.stat_result]]:
    """The names in one folder, in no order."""
    with os.scandir(folder) as found:
        seen = [(os.fsencode(one.name), one.stat(follow_symlinks=False)) for one in found]
    return [(name, state) for name, state in seen if stat.S_IFMT(state.st_mode) in _PARTS]


def odd(folder: int) -> str:
    """The path of the first thing below that is no part of a tree; "" if there is none. Raises
    Trouble, OSError."""
    found = _odd_in(folder, "")
    if found:
        return found
    for inner, path, name, state in walk(folder):
        if stat.S_ISDIR(state.st_mode):
            handle = os.open(name, FOLDER, dir_fd=inner)
            try:
                found = _odd_in(handle, os.fsdecode(path) + "/")
            finally:
                os.close(handle)
            if found:
                return found
    return ""


def _odd_in(folder: int, above: str) -> str:
    with os.scandir(folder) as found:
        for one in found:
            if stat.S_IFMT(one.stat(follow_symlinks=False).st_mode) not in _PARTS:
                return above + one.name
    return ""


def walk(folder: int, skip: Skip = nothing) -> Iterator[Seen]:
    """(descriptor of the folder that it is in, path, name, stat), a folder before what it holds,
    else in no order. Raises Trouble, OSError."""
    return _walk(folder, b"", skip, DEPTH)


def _walk(folder: int, above: bytes, skip: Skip, depth: int) -> Iterator[Seen]:
    for name, state in entries(folder):
        path = above + name
        if skip(path):
            continue
        yield folder, path, name, state
        if stat.S_ISDIR(state.st_mode):
            deeper(depth, path)
            inner = opened(name, FOLDER, folder, path)
            try:
                yield from _walk(inner, path + b"/", skip, depth - 1)
            finally:
                os.close(inner)


def opened(name: bytes, how: int, folder: int, path: bytes) -> int:
    """Of a folder that is open. Raises OSError with the path below the top."""
    try:
        return os.open(name, how, dir_fd=folder)
    except OSError as error:
        error.filename = path
        raise


def deeper(depth: int, path: bytes) -> None:
    """Raises Trouble where it ends."""
    if depth <= 0:
        shown = ascii(os.fsdecode(path[:120]))
        raise Trouble(INPUT, "%s...: more than %d folders in folders" % (shown, DEPTH))
