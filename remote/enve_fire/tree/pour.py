"""The bytes of one file into another, by the quickest way that the system has."""

from __future__ import annotations

import errno
import os
from fcntl import ioctl

from enve_fire.tree.pieces import pieces
from enve_pm.shell.state.handle import write_all

FICLONE = 0x40049409
MOST = 1 << 30  # bytes of one call
_NO_CALL = (
    *(errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS),
    *(errno.EPERM, errno.EBADF),  # a filter of system calls; a file that only grows
)
_RANGE = getattr(os, "copy_file_range", None)  # Linux


def clone(source: int, target: int) -> bool:
    """Let an empty file share the blocks of another; False where the file system cannot."""
    try:
        ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in _NO_CALL:
            return False
        raise
    return True


def pour(source: int, target: int, state: os.stat_result) -> None:
    """All of it; holes stay holes. `state`: of the source. Raises OSError."""
    if state.st_blocks * 512 < state.st_size:
        _sparse(source, target, state.st_size)
    else:
        _span(source, target, state.st_size)
        for piece in pieces(source):
            write_all(target, piece)


def _sparse(source: int, target: int, size: int) -> None:
    os.ftruncate(target, size)
    at = 0
    while at < size:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end
                return
            raise
        end = os.lseek(source, at, os.SEEK_HOLE)
        os.lseek(source, at, os.SEEK_SET)
        os.lseek(target, at, os.SEEK_SET)
        left = _span(source, target, end - at)
        for piece in pieces(source, left):
            write_all(target, piece)
        at = end


def _span(source: int, target: int, size: int) -> int:
    """By the kernel alone, as far as it does; the number of bytes that are left."""
    while _RANGE is not None and size > 0:
        try:
            done = _RANGE(source, target, min(size, MOST))
        except OSError as error:
            if error.errno in _NO_CALL:
                break
            raise
        if not done:
            break
        size -= done
    return size
