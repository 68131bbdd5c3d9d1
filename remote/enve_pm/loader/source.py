"""Where a stream comes from: each source gives an open file, bounded in size."""

from __future__ import annotations

import os
import stat
import tempfile

from enve_pm.loader.trouble import Nothing, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

CHUNK = 1 << 16


def of_file(path: str, limit: int) -> IO[bytes]:
    """A regular file. Raises Trouble, Nothing."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise Nothing("there is no %s" % path) from None
    except OSError as error:
        raise Trouble("%s: %s" % (path, error.strerror)) from None
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        raise Trouble("%s: it is no regular file" % path)
    if state.st_size > limit:
        os.close(handle)
        raise Trouble("%s: larger than %d bytes" % (path, limit))
    return os.fdopen(handle, "rb")


def of_command(command: Sequence[str], folder: str, limit: int) -> IO[bytes]:
    """What a program prints; its errors go to the unit's log. Raises Trouble, Nothing."""
    import subprocess

    target = scratch(folder)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    except OSError as error:
        raise Trouble("%s: %s" % (command[0], error.strerror)) from None
    try:
        _copy(child.stdout, target, limit)
        code = child.wait()
    finally:
        child.kill()
    if code:
        ended = "ended with %d" % code if code > 0 else "ended by signal %d" % -code
        raise Trouble("%s %s" % (command[0], ended))
    if not target.tell():
        raise Nothing("%s printed nothing" % command[0])
    target.seek(0)
    return target


def _copy(source: IO[bytes] | None, target: IO[bytes], limit: int) -> None:
    assert source is not None  # noqa: S101
    size = 0
    while True:
        piece = source.read(CHUNK)
        if not piece:
            return
        size += len(piece)
        if size > limit:
            raise Trouble("it printed more than %d bytes" % limit)
        target.write(piece)


def scratch(folder: str) -> IO[bytes]:
    """A file without a name. Raises OSError."""
    return tempfile.TemporaryFile(dir=folder)
