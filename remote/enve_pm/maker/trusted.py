"""A path, opened so that nobody but root (or we ourselves) can have bent it, or can bend it later.

pm may be root, and what it mounts or makes must not be led elsewhere. So every folder on the way
has to belong to root or to us, and nobody else may write in it (in /tmp and the like nobody can
take away what is ours); links are followed where they are root's or ours, and no archive of a plan
has brought them: pm unpacks a root as root. The last step may be anybody's.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.core.fields import TREE
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

GONE = " (deleted)"  # as the kernel says it of a folder without a name
LINKS = 40  # links followed on one path, as the kernel does
_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Bent(OSError):
    """Somebody else may have laid the way, or may change it."""


def open_path(
    path: str,
    make: Callable[[int, str], None] | None = None,
    may: Callable[[int, str], None] | None = None,
) -> int:
    """A descriptor (O_PATH) of what stands at an absolute path; `make(folder, name)` makes a step
    that is missing; `may` takes the place of `judge`. Raises OSError."""
    steps = path.split("/")[::-1]
    here = os.open("/", _STEP)
    links = 0
    try:
        while steps:
            step = steps.pop()
            if step in ("", "."):
                continue
            (may or judge)(here, path)
            following = _step(here, step, make, path)
            if stat.S_ISLNK(os.fstat(following).st_mode):
                links += 1
                try:
                    steps += _target(here, following, step, links, path)
                finally:
                    os.close(following)
                if steps[-1:] != [""]:
                    continue
                following = os.open("/", _STEP)  # an absolute link
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


def judge(folder: int, path: str) -> None:
    """A step is taken from this folder, to `path`. Raises Bent, NotADirectoryError."""
    state = os.fstat(folder)
    if not stat.S_ISDIR(state.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "%s is no folder" % real(folder), path)
    others = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not state.st_mode & stat.S_ISVTX
    if not _ours(state) or others:
        raise Bent(errno.EPERM, "%s is another user's, who could bend the way" % real(folder), path)


def _ours(state: os.stat_result) -> bool:
    return state.st_uid in (0, os.geteuid()) or state.st_uid == _outside()


def _outside() -> int:
    """In a user namespace without him: the user that a file seems to belong to whose owner is
    nobody in here, and can bend nothing in here. Else root."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        spans = [[int(word) for word in row.split()] for row in file]
    with open("/proc/sys/kernel/overflowuid", encoding="ascii") as file:
        found = int(file.read())
    known = any(first <= found < first + count for first, _, count in spans)
    return 0 if known else found


def _target(here: int, link: int, step: str, links: int, path: str) -> list[str]:
    """The steps of a link, the last first."""
    if not _ours(os.fstat(link)) or links > LINKS:
        raise Bent(errno.ELOOP, "%s/%s is another user's link" % (real(here), step), path)
    if _planned(here):
        raise Bent(errno.ELOOP, "%s/%s is a link of a root's own" % (real(here), step), path)
    return os.readlink("", dir_fd=link).split("/")[::-1]


def _planned(folder: int) -> bool:
    """Whether it holds the files of a root, which mean something in there alone. Whoever stands in
    that root already goes by them: all that he has comes from it."""
    mount = mountinfo.around(folder, mountinfo.read())
    steps = real(folder).split("/")
    if mount is not None and mount.at != "/":
        if mount.kind == "overlay" and mount.source.startswith("pm:root:"):
            return True
        steps += mount.root.split("/")
    return any(step.startswith(TREE) for step in steps)


def name(handle: int) -> str:
    """By what name the kernel can be told of an open folder."""
    return "/proc/self/fd/%d" % handle


def real(handle: int) -> str:
    """Where an open folder stands now; also one that is mounted there, and was removed where it
    comes from."""
    path = os.readlink(name(handle))
    gone = path.endswith(GONE) and os.fstat(handle).st_nlink == 0
    return path[: -len(GONE)] if gone else path
