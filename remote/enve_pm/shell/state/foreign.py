"""Reading below a folder that belongs to somebody else, without being led astray.

Every step is taken from a descriptor of the folder before it, never follows a link and never waits
on a fifo; what is opened must be of the right type, owner, number of links and size.
"""

from __future__ import annotations

import itertools
import os
import stat

from enve_pm.shell.state.handle import read_all

COMMON = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Irregular(OSError):
    """No regular file."""


class Foreign(Exception):
    """Something stands there that must not; the text says what."""


def regular(path: str) -> int:
    """A descriptor of a regular file, whose last step is no link. Nothing else is opened: that
    alone can do something (a watchdog timer resets the machine). Raises OSError, Irregular."""
    place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise Irregular("it is no regular file")
        return os.open("/proc/self/fd/%d" % place, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(place)


class Folder:
    """An open folder of the user `uid`. Close it, or use it in a `with`."""

    def __init__(self, path: str, uid: int, below: int | None = None) -> None:
        self._uid = uid
        self._path = path
        self.fd = os.open(path, COMMON | os.O_DIRECTORY, dir_fd=below)
        if os.fstat(self.fd).st_uid != uid:
            self.close()
            raise Foreign(f"{path} does not belong to uid {uid}")

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    def folder(self, name: str) -> Folder:
        """A folder in it. Raises OSError, Foreign."""
        return Folder(name, self._uid, self.fd)

    def read(self, name: str, limit: int) -> bytes:
        """A file in it, whole. Raises OSError, Foreign (also when it is longer than `limit`)."""
        fd = os.open(name, COMMON, dir_fd=self.fd)
        try:
            self._check(name, os.fstat(fd), limit)
            data = read_all(fd, limit + 1)
        finally:
            os.close(fd)
        if len(data) > limit:
            raise Foreign(f"{name} grew beyond {limit} bytes")
        return data

    def names(self, most: int) -> list[str]:
        """Of what is in it, at most so many. Raises OSError."""
        with os.scandir(self.fd) as entries:
            return [entry.name for entry in itertools.islice(entries, most)]

    def sizes(self, most: int) -> list[tuple[int, str]]:
        """(bytes, name) of what is in it, at most so many. Raises OSError."""
        with os.scandir(self.fd) as entries:
            found = [_size(entry) for entry in itertools.islice(entries, most)]
        return [row for row in found if row[1]]

    def _check(self, name: str, state: os.stat_result, limit: int) -> None:
        if not stat.S_ISREG(state.st_mode):
            raise Foreign(f"{name} is no regular file")
        if state.st_uid != self._uid:
            raise Foreign(f"{name} does not belong to uid {self._uid}")
        if state.st_nlink > 1:
            raise Foreign(f"{name} has {state.st_nlink} links")
        if state.st_size > limit:
            raise Foreign(f"{name} is larger than {limit} bytes")


def _size(entry: os.DirEntry[str]) -> tuple[int, str]:
    try:
        return entry.stat(follow_symlinks=False).st_size, entry.name
    except OSError:
        return 0, ""  # it was there a moment ago
