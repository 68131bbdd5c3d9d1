"""A folder that files for others go into, each with its name once it is whole."""

from __future__ import annotations

import os
from contextlib import contextmanager

from enve_fire.core.trouble import REFUSED, Trouble
from enve_fire.store import trust
from enve_pm.core.digest import sha256
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Iterator

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WHY = "%s: others may write to it, and could put something else under the name of what is signed"
_HINT = "take a folder of your own that others do not write to (chmod go-w), or one with mode 1777"


class Outgoing(Folder):
    """Everything raises Trouble, OSError."""

    @classmethod
    def at(cls, path: str, signed: bool) -> Outgoing:
        """`signed`: what goes there is signed, so nobody else may change what is in there."""
        found = cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        if signed and not trust.closed(os.fstat(found.fd), os.geteuid()):
            os.close(found.fd)
            raise Trouble(REFUSED, _WHY % path, _HINT)
        return found

    def __enter__(self) -> Outgoing:
        return self

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """A new one, to be written and read; it replaces what has that name at the end, and is gone
        where that is not reached."""
        part = ".enve-%s.part" % os.urandom(12).hex()
        with os.fdopen(os.open(part, _NEW, 0o600, dir_fd=self.fd), "w+b") as file:
            try:
                yield file
                file.flush()
                os.fchmod(file.fileno(), 0o644 & ~_umask())
                os.fsync(file.fileno())
                self.rename(part, name)
                os.fsync(self.fd)
            finally:
                self.unlink(part)


class Hashed:
    """What is written to something else, and its sum."""

    def __init__(self, out: Any) -> None:
        self._sum = sha256(b"")
        self._out = out

    def write(self, data: bytes) -> int:
        self._sum.update(data)
        return int(self._out.write(data))

    def flush(self) -> None:
        self._out.flush()

    def close(self) -> None:
        self._out.close()

    def sum(self) -> str:
        return str(self._sum.hexdigest())


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found
