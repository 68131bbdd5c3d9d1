"""Where what was fetched goes, if not only into the store: a copy in somebody's own folder."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from enve_fire.core.trouble import FAILED, USAGE, Trouble
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_TREE = "tree"


def target(path: str) -> str:
    """Where a copy goes, absolute; "" to leave it in the store. Raises Trouble."""
    if not path:
        return ""
    place = os.path.abspath(path)
    if os.path.islink(place) or not os.path.isdir(place):
        if os.path.lexists(place):
            raise Trouble(USAGE, "%s: wanted a folder that is not there yet, found a file" % place)
    elif os.listdir(place):
        raise Trouble(USAGE, "%s: wanted an empty folder, something is in there" % place)
    return place


def folder(path: str, target: str) -> str:
    """A copy that its user may write to, there at once. Raises Trouble, OSError."""
    if not target:
        return path
    from enve_fire.tree.copy import copy

    above, name = os.path.split(target)
    os.makedirs(above, exist_ok=True)
    if (os.path.realpath(above) + "/").startswith(os.path.realpath(path) + "/"):
        raise Trouble(USAGE, "%s: lies within what would be copied" % target)
    with _opened(above) as there, _hidden(there) as hidden:
        with hidden.made(_TREE, 0o700) as tree:
            copy(path, tree.fd)
            _open(tree.fd)
        os.rename(_TREE, name, src_dir_fd=hidden.fd, dst_dir_fd=there.fd)
    return target


def _opened(path: str) -> Folder:
    """Somebody else's, maybe: from here on no path leads through it."""
    return Folder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


@contextmanager
def _hidden(there: Folder) -> Iterator[Folder]:
    """A folder in it that is for us only, for as long as this lasts."""
    part = _part()
    os.mkdir(part, 0o700, dir_fd=there.fd)
    try:
        with there.below(part) as found:
            state = os.fstat(found.fd)
            if state.st_uid != os.geteuid() or state.st_mode & 0o077:
                raise Trouble(FAILED, "%s: somebody has put another folder in its place" % part)
            yield found
    finally:
        there.remove(part)


def _part() -> str:
    return ".enve-" + os.urandom(6).hex()


def _open(top: int) -> None:
    """Nobody else comes here yet."""
    os.fchmod(top, os.fstat(top).st_mode & 0o7777 | 0o200)
    for _, folders, files, here in os.fwalk(".", dir_fd=top):
        for name in folders + files:
            mode = os.stat(name, dir_fd=here, follow_symlinks=False).st_mode
            if not stat.S_ISLNK(mode):
                os.chmod(name, mode & 0o7777 | 0o200, dir_fd=here)


def file(path: str, target: str) -> str:
    """A copy of a file in that folder."""
    if not target:
        return path
    import shutil

    name, part = os.path.basename(path), _part()
    os.makedirs(target, exist_ok=True)
    with _opened(target) as there:
        handle = there.create(part)
        try:
            with open(path, "rb") as source, open(handle, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                os.fchmod(copy.fileno(), 0o644)
            there.rename(part, name)
        except BaseException:
            there.unlink(part)
            raise
    return os.path.join(target, name)
