"""The disk as the commit path uses it: few operations, each made to last, each able to fail.

This is the seam for tests of crashes and full disks: everything that a plan changes in trust/,
plans/ and store/ goes through a Disk, in the order in which it is called.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.shell.state.handle import sync_folder, write_all

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Disk:
    """The real one. Every method raises OSError."""

    def read(self, path: str, limit: int) -> bytes:
        """A whole regular file; one that is larger than `limit` is an error (EFBIG)."""
        handle = os.open(path, _READ)
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode) or state.st_size > limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
            pieces: list[bytes] = []
            while True:
                piece = os.read(handle, 1 << 20)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
        finally:
            os.close(handle)

    def stamp(self, path: str) -> tuple[int, int, int]:
        """What differs when a file has been replaced."""
        state = os.stat(path)
        return state.st_ino, state.st_mtime_ns, state.st_size

    def names(self, folder: str) -> list[str]:
        """What stands in a folder; one that is not there is empty."""
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def create(self, path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
        """A new file with this content, on the disk when the call returns if `lasting`."""
        handle = os.open(path, _NEW, 0o600)
        try:
            write_all(handle, data)
            os.fchmod(handle, mode)
            if lasting:
                os.fsync(handle)
        finally:
            os.close(handle)

    def fill(self, path: str, data: bytes, mode: int) -> None:
        """Other content for a file that is there: it takes no room but that which it has."""
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            write_all(handle, data)
            os.ftruncate(handle, len(data))
            os.fchmod(handle, mode)
        finally:
            os.close(handle)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new)

    def sync(self, folder: str) -> None:
        """Make the names in a folder last."""
        sync_folder(folder)

    def make_folder(self, path: str) -> None:
        """A folder for the owner alone; it may be there already."""
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is as good."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass

    def remove_folder(self, path: str) -> None:
        """Remove a folder and the files in it (it holds no folders)."""
        for name in self.names(path):
            os.unlink(path + "/" + name)
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass


def replace(disk: Disk, path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
    """Put a file in the place of another: readers, and a crash, see the old or the new one."""
    folder, _, name = path.rpartition("/")
    new = "%s/.%s.new" % (folder, name)
    disk.remove(new)
    try:
        disk.create(new, data, mode, lasting)
        disk.rename(new, path)
    except OSError:
        _tidy(disk, new)
        raise
    if lasting:
        disk.sync(folder)


def _tidy(disk: Disk, path: str) -> None:
    try:
        disk.remove(path)
    except OSError:
        pass  # what made the write fail may keep us from this too; the next write tries again
