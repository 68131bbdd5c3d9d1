"""A path, opened so that nobody but its owner's betters can have bent it.

pm may be root, and what it mounts or makes lies where others write. So every step is opened from
the folder before it, and a link is followed only where nobody else could have put it: in a
folder of root's (or our own) that only its owner writes.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINKS = 40  # links followed on one path, as the kernel does
_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Bent(OSError):
    """A link on the way that somebody else may have laid."""


def open_path(path: str, make: Callable[[int, str], None] | None = None) -> int:
    """A descriptor (O_PATH) of what stands at an absolute path; `make(folder, name)` makes a step
    that is missing. Raises OSError."""
    steps = path.split("/")[::-1]
    here = os.open("/", _STEP)
    links = 0
    try:
        while steps:
            step = steps.pop()
            if step in ("", "."):
                continue
            following = _step(here, step, make, path)
            if stat.S_ISLNK(os.fstat(following).st_mode):
                os.close(following)
                links += 1
                steps += _target(here, step, links, path)
                if steps[-1:] == [""]:  # an absolute link
                    following = os.open("/", _STEP)
                else:
                    continue
            os.close(here)
            here = following
    except BaseException:
        os.close(here)
        raise
    return here


def _step(here: int, step: str, make: Callable[[int, str], None] | None, path: str) -> int:
    try:
        return os.open(step, _STEP, dir_fd=here)
    except FileNotFoundError:
        if make is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
    make(here, step)
    return os.open(step, _STEP, dir_fd=here)


def _target(here: int, step: str, links: int, path: str) -> list[str]:
    """The steps of a link, the last first."""
    folder = os.fstat(here)
    ours = folder.st_uid in (0, os.geteuid())
    if not ours or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or links > LINKS:
        raise Bent(errno.ELOOP, "a link on the way, %s, may be anybody's" % step, path)
    return os.readlink(step, dir_fd=here).split("/")[::-1]


def name(handle: int) -> str:
    """By what name the kernel can be told of an open folder."""
    return "/proc/self/fd/%d" % handle


def real(handle: int) -> str:
    """Where an open folder stands now."""
    return os.readlink(name(handle))
