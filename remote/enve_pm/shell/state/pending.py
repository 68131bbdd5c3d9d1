"""Files that must be written but not at once: the latest content of each, put down in one go.

pm never waits for a disk that is full: what cannot be written stays here, and is tried again.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.system import System

DIRECT = "direct"  # written in place: small, and read by people
REPLACED = "replaced"  # a reader sees the old or the new one, never a part
LASTING = "lasting"  # replaced, and on the disk before we go on


class Pending:
    """`error` names what went wrong with one of the files that wait, or is empty."""

    def __init__(self, system: System) -> None:
        self.error = ""
        self._system = system
        self._files: dict[str, tuple[bytes | None, str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._files)

    def __contains__(self, path: str) -> bool:
        """Does this file wait?"""
        return path in self._files

    def put(self, path: str, data: bytes, how: str = DIRECT, mode: int = 0o600) -> None:
        """This is what the file shall hold."""
        self._files[path] = (data, how, mode)

    def remove(self, path: str) -> None:
        """The file shall not be there."""
        self._files[path] = (None, DIRECT, 0)

    def now(self, path: str, data: bytes, how: str = DIRECT, mode: int = 0o600) -> bool:
        """Write at once; what fails is kept for later. False then."""
        try:
            self._write(path, data, how, mode)
        except OSError:
            self._files[path] = (data, how, mode)
            return self._one(path)
        self._files.pop(path, None)
        return True

    def forget(self, folder: str) -> None:
        """Nothing below this folder is to be written any more."""
        self._files = {p: f for p, f in self._files.items() if not p.startswith(folder + "/")}

    def flush(self) -> bool:
        """Write all that waits; one that fails stops no other. False when one did."""
        failed = [path for path in list(self._files) if not self._one(path)]
        return not failed

    def _one(self, path: str) -> bool:
        data, how, mode = self._files[path]
        try:
            try:
                self._write(path, data, how, mode)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
                self._write(path, data, how, mode)
        except OSError as error:
            self.error = "%s: %s" % (path, errno.errorcode.get(error.errno or 0, "error"))
            return False
        del self._files[path]
        if not self._files:
            self.error = ""
        return True

    def _write(self, path: str, data: bytes | None, how: str, mode: int) -> None:
        if data is None:
            self._system.remove(path)
        elif how == DIRECT:
            self._system.write(path, data, mode)
        else:
            self._system.replace(path, data, mode, sync=how == LASTING)
