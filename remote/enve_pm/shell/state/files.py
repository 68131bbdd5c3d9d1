"""Small files, read and written whole: what pm keeps in HOME, and what the kernel shows."""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.shell.state.handle import read_all, sync_folder, write_all

SMALL_FILE = 1 << 20  # no file that pm reads whole is larger


class Files:
    """Every method raises OSError."""

    def read(self, path: str, limit: int = SMALL_FILE) -> bytes:
        """The first `limit` bytes of a file. Never follows a fifo into a wait."""
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return read_all(handle, limit)
        finally:
            os.close(handle)

    def read_regular(self, path: str, limit: int = SMALL_FILE) -> bytes:
        """The same where somebody else may have put anything: to open a device can already do
        something (a watchdog timer resets the machine), so only a regular file is opened."""
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                raise OSError(errno.EINVAL, "no regular file", path)
            return self.read("/proc/self/fd/%d" % place, limit)
        finally:
            os.close(place)

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Write a small file in place. It is not emptied first: to free its block and get another
        costs more than all the rest."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            if os.lseek(handle, 0, os.SEEK_END) != len(data):
                os.ftruncate(handle, len(data))
        finally:
            os.close(handle)

    def replace(self, path: str, data: bytes, mode: int = 0o600, sync: bool = False) -> None:
        """Put a file in the place of another: a reader sees the old one or the new one."""
        part = path + ".new"
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
            try:
                os.fchmod(handle, mode)  # the umask has no say
                write_all(handle, data)
                if sync:
                    os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(part, path)
        except OSError:
            self.outdate(path)
            self.remove(part)
            raise
        if sync:
            sync_folder(os.path.dirname(path))

    def outdate(self, path: str) -> None:
        """What a file says is not so any more. A disk that is full takes no new one, but always a
        mode: the sticky bit, which means nothing else for a file, tells whoever reads it."""
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode):
                os.chmod(path, stat.S_IMODE(mode) | stat.S_ISVTX)
        except OSError:
            pass  # there is none yet

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is as good."""
        try:
            os.unlink(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise
