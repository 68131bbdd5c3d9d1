"""What stands at a path in a root: looked at, saved, replaced, and never reached through a link.

Whoever may write in the root cannot lead us out of it: each step is opened by itself, from the one
before (see `enve_pm.shell.state.folder`). A new file gets its name by a rename, so a reader sees
the old one or the new one.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.tree.pieces import sha256_of
from enve_pm.shell.state.folder import Folder

_WAY = "%s: %s is a link or a file: a path in a root leads through folders only"


class Standing:
    """A context manager. Paths begin with `/`, which is the root itself."""

    def __init__(self, path: str) -> None:
        self._folder = Folder.open(path)

    def __enter__(self) -> Standing:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._folder.fd)

    def around(self, path: str) -> tuple[Folder, str]:
        """The folder that it stands in, and its name there. Raises FileNotFoundError where there is
        none, Trouble where the way is no way."""
        *steps, name = path.split("/")[1:]
        try:
            return self._folder.reach(steps, make=False), name
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise Trouble(SETUP, _WAY % (path, error.filename)) from None
            raise

    def sum(self, path: str) -> str:
        """`HEX`, `->TARGET`, or "" where nothing stands. Raises Trouble for what is neither file
        nor link."""
        try:
            folder, name = self.around(path)
        except FileNotFoundError:
            return ""
        with folder:
            return sum_at(folder, name, path)

    def mode(self, path: str) -> int:
        """Raises OSError."""
        folder, name = self.around(path)
        with folder:
            return stat.S_IMODE(folder.stat(name).st_mode)

    def is_folder(self, path: str) -> bool:
        try:
            with self._folder.reach(path.split("/")[1:], make=False):
                return True
        except OSError:
            return False

    def make_folder(self, path: str) -> bool:
        """Whether it was missing."""
        folder, name = self.around(path)
        with folder:
            try:
                os.mkdir(name, 0o755, dir_fd=folder.fd)
            except FileExistsError:
                return False
            with folder.below(name) as made:
                os.fchmod(made.fd, 0o755)
            os.fsync(folder.fd)
        return True

    def drop_folder(self, path: str) -> bool:
        """Whether it was there, and empty."""
        try:
            folder, name = self.around(path)
            with folder:
                os.rmdir(name, dir_fd=folder.fd)
        except (OSError, Trouble):
            return False
        return True


def sum_at(folder: Folder, name: str, path: str) -> str:
    """As `Standing.sum`. `path`: for errors."""
    try:
        state = folder.stat(name)
    except FileNotFoundError:
        return ""
    if stat.S_ISLNK(state.st_mode):
        return "->" + os.fsencode(os.readlink(name, dir_fd=folder.fd)).decode("latin-1")
    if not stat.S_ISREG(state.st_mode):
        what = "a folder" if stat.S_ISDIR(state.st_mode) else "neither file nor link"
        raise Trouble(SETUP, "%s: wanted a file, found %s" % (path, what))
    handle = folder.read(name)
    try:
        return sha256_of(handle)
    finally:
        os.close(handle)
