"""A file or a link brought into a folder of another file system: under its name it is whole."""

from __future__ import annotations

import os
import stat

from enve_fire.stage.config import moving
from enve_fire.tree.files import COPY, Files, Terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.state.folder import Folder


def part_of(name: str) -> str:
    """What it is called until it is whole."""
    return moving.part_of(name)


def bring(source: Folder, target: Folder, name: str) -> None:
    """Takes the place of what bears that name. Raises Trouble, OSError."""
    part = part_of(name)
    target.unlink(part)  # of somebody who was killed
    source.rename(name, part)
    try:
        _copy(source, target, part)
        target.rename(part, name)
    except BaseException:
        target.unlink(part)
        raise
    os.fsync(target.fd)


def _copy(source: Folder, target: Folder, part: str) -> None:
    state = source.stat(part)
    if stat.S_ISLNK(state.st_mode):
        os.symlink(os.readlink(part, dir_fd=source.fd), part, dir_fd=target.fd)
        os.chown(part, state.st_uid, state.st_gid, dir_fd=target.fd, follow_symlinks=False)
    else:
        _copy_file(source, target, part, state)


def make(target: Folder, name: str, state: os.stat_result) -> None:
    """A folder like that of another file system, with nothing in it yet."""
    os.mkdir(name, 0o700, dir_fd=target.fd)
    with target.below(name) as made:
        os.fchown(made.fd, state.st_uid, state.st_gid)
        os.fchmod(made.fd, stat.S_IMODE(state.st_mode))
    os.fsync(target.fd)


def _copy_file(source: Folder, target: Folder, part: str, state: os.stat_result) -> None:
    path = os.fsencode(part)
    terms = Terms(setuid=(path,), owner=(state.st_uid, state.st_gid))
    Files(part, COPY, terms).take(source.fd, target.fd, path, state)
    handle = target.read(part)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
