"""Files beside a profile: read from below its folder only, and never through a link.

A product's folder is somebody else's: a link in it could bring any file of this machine's into a
config file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

BYTES = 1 << 20  # of one file
PROFILES = ("enve.yml", "enve.conf")
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LINKED = (errno.ELOOP, errno.ENOTDIR)


class Unreadable(Exception):
    """Why, for people."""


class Beside:
    """Reads files. `read`: path -> bytes, of all that it read; `missing`: paths that it would have
    read if they were there. An rc's hash is of these."""

    def __init__(self) -> None:
        self.read: dict[str, bytes] = {}
        self.missing: set[str] = set()

    def file(self, folder: Path, name: str) -> bytes:
        """The bytes of a file below the folder. Raises Unreadable."""
        steps = name.split("/")
        if not all(steps) or any(step in (".", "..") for step in steps) or "\0" in name:
            raise Unreadable("wanted a path below the folder of the profile, without . and ..")
        path = str(folder / name)
        if path not in self.read:
            try:
                self.read[path] = _read(folder, steps)
            except OSError as error:
                linked = error.errno in _LINKED
                reason = "nothing is read through a link" if linked else error.strerror
                raise Unreadable(f"cannot read {path}: {reason}") from None
        return self.read[path]

    def profile(self, folder: Path) -> tuple[Path, bytes]:
        """The folder's own profile. Raises Unreadable."""
        for name in PROFILES:
            if os.path.lexists(folder / name):
                return folder / name, self.file(folder, name)
            self.missing.add(str(folder / name))
        raise Unreadable(f"{folder} has no {PROFILES[0]}")


def _read(folder: Path, steps: list[str]) -> bytes:
    at = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for step in steps[:-1]:
            inner = os.open(step, _FLAGS | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = inner
        with os.fdopen(os.open(steps[-1], _FLAGS, dir_fd=at), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a file")
            data = stream.read(BYTES + 1)
    finally:
        os.close(at)
    if len(data) > BYTES:
        raise OSError(errno.EFBIG, f"larger than {BYTES >> 20} MiB")
    return data
