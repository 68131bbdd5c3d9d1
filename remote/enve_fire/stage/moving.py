"""Files and links on their way: copied with all that they are, kept under a second name, moved into
the place of another. A copy that is cut off is none: it has another name until it is whole."""

from __future__ import annotations

import errno
import os
import stat

from enve_fire.tree.files import capability
from enve_fire.tree.pour import pour
from enve_pm.core.digest import sha256
from enve_pm.shell.state.folder import Folder


def copy(source: Folder, name: str, target: Folder, new: str, exact: bool = False) -> None:
    """A file with its mode, times, and owner where that is allowed, or a link; what bore the new
    name goes. `exact`: with its owner in any case, and capabilities. Raises OSError."""
    part = part_of(new)
    target.unlink(part)  # of somebody who was killed
    try:
        state = source.stat(name)
        if stat.S_ISLNK(state.st_mode):
            _copy_link(source, name, target, part, exact)
        else:
            _copy_file(source, name, target, part, exact)
        target.rename(part, new)
    except BaseException:
        target.unlink(part)
        raise


def part_of(name: str) -> str:
    """What a copy is called that is not whole."""
    return ".enve-part-" + sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _copy_link(source: Folder, name: str, target: Folder, part: str, exact: bool) -> None:
    os.symlink(os.readlink(name, dir_fd=source.fd), part, dir_fd=target.fd)
    if exact:
        state = source.stat(name)
        os.chown(part, state.st_uid, state.st_gid, dir_fd=target.fd, follow_symlinks=False)


def _copy_file(source: Folder, name: str, target: Folder, part: str, exact: bool) -> None:
    reader = source.read(name)
    try:
        writer = target.create(part)
        try:
            state = os.fstat(reader)
            pour(reader, writer, state)
            _own(writer, state, exact)
            if exact:
                capability(reader, writer)
            os.utime(writer, ns=(state.st_atime_ns, state.st_mtime_ns))
            os.fsync(writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _own(handle: int, state: os.stat_result, exact: bool) -> None:
    """Owner and mode. What cannot be given away is not setuid."""
    own = os.fstat(handle)
    mode = stat.S_IMODE(state.st_mode)
    if (own.st_uid, own.st_gid) != (state.st_uid, state.st_gid):
        try:
            os.fchown(handle, state.st_uid, state.st_gid)
        except OSError:
            if exact:
                raise
            mode &= 0o777
    os.fchmod(handle, mode)


def keep(source: Folder, name: str, target: Folder, new: str) -> None:
    """The same file under a second name, or else a copy of it."""
    target.unlink(new)
    try:
        os.link(name, new, src_dir_fd=source.fd, dst_dir_fd=target.fd, follow_symlinks=False)
    except (OSError, NotImplementedError):  # on another file system, or another's
        copy(source, name, target, new)


def move(source: Folder, name: str, target: Folder, new: str) -> None:
    """Into the place of what stands there."""
    try:
        os.rename(name, new, src_dir_fd=source.fd, dst_dir_fd=target.fd)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, name, target, new)
        source.unlink(name)
    source.unlink(name)  # a rename of one file under two names leaves both
    os.fsync(target.fd)
