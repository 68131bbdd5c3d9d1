"""A folder held open: everything below it is reached step by step from its descriptor, and no step
follows a link, so that nobody who may write in there can lead us somewhere else."""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.shell.process.mountinfo import number_of
from enve_pm.shell.state import subvolume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Sequence

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SEEN = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ELSEWHERE = (".", "..")  # an empty name is none for the kernel
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """Owns the descriptor; a context manager. Every method raises OSError."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def open(cls, path: str) -> Folder:
        return cls(os.open(path, _FOLDER))

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.fd)

    def below(self, name: str) -> Folder:
        if name in _ELSEWHERE:
            raise NotADirectoryError(errno.ENOTDIR, "no folder below", name)
        return Folder(os.open(name, _FOLDER, dir_fd=self.fd))

    def made(self, name: str, mode: int = 0o755) -> Folder:
        """The folder of that name, made where it is missing."""
        try:
            os.mkdir(name, mode, dir_fd=self.fd)
        except FileExistsError:
            pass
        return self.below(name)

    def reach(self, steps: Sequence[str], make: bool = True) -> Folder:
        """The folder that these steps lead to; a new descriptor also for no step at all."""
        here = Folder(os.dup(self.fd))
        for step in steps:
            with here:
                following = here.made(step) if make else here.below(step)
            here = following
        return here

    def names(self) -> list[str]:
        return sorted(os.listdir(self.fd))

    def stat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Is there a folder of that name? No link is one."""
        try:
            return stat.S_ISDIR(self.stat(name).st_mode)
        except FileNotFoundError:
            return False

    def read(self, name: str) -> int:
        """A descriptor of a regular file."""
        handle = os.open(name, _READ, dir_fd=self.fd)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise FileNotFoundError(2, "no regular file", name)
        return handle

    def create(self, name: str) -> int:
        """A descriptor of a new file that nobody else can open yet."""
        return os.open(name, _NEW, 0o600, dir_fd=self.fd)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def _opened(self, name: str) -> Folder:
        """A folder below, also one that its owner has closed; what is opened is what is changed, so
        nobody can put a link in between."""
        handle = os.open(name, _SEEN, dir_fd=self.fd)
        try:
            place = "/proc/self/fd/%d" % handle
            try:
                os.chmod(place, 0o700)
            except OSError as error:
                if error.errno != errno.EROFS:  # a sealed subvolume, see `subvolume`
                    raise
            return Folder(os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        finally:
            os.close(handle)

    def unlink(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self.fd)
        except FileNotFoundError:
            pass

    def remove(self, name: str) -> None:
        """Remove whatever bears that name, a whole tree too; but nothing of what is mounted in it,
        which is seen there and lies elsewhere (EBUSY)."""
        try:
            state = self.stat(name)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(state.st_mode):
            self.unlink(name)
            return
        _Felling(self).run(name)


class _Felling:
    """A tree is taken down with one descriptor at a time, however deep it is."""

    def __init__(self, above: Folder) -> None:
        self._here = Folder(os.dup(above.fd))
        # From the top to where we are: device and inode of a folder, and what is left to remove.
        self._way: list[tuple[tuple[int, int], list[str]]] = []

    def run(self, name: str) -> None:
        self._way.append((_number(self._here), [name]))
        try:
            while len(self._way) > 1 or self._way[0][1]:
                left = self._way[-1][1]
                if left:
                    self._take(left)
                else:
                    self._up()
        finally:
            os.close(self._here.fd)

    def _take(self, left: list[str]) -> None:
        if self._here.has(left[-1]):
            self._down(left[-1])
        else:
            self._here.unlink(left.pop())

    def _down(self, name: str) -> None:
        with self._here._opened(name) as inner:
            if number_of(inner.fd) != number_of(self._here.fd):
                raise OSError(errno.EBUSY, "something is mounted there", name)
            if subvolume.destroy(self._here.fd, name, inner.fd):
                self._way[-1][1].pop()
                return
            self._way.append((_number(inner), inner.names()))
            self._stand(inner)

    def _up(self) -> None:
        """What is empty goes. Somebody may have moved it meanwhile: then it is not ours to name."""
        self._way.pop()
        number, left = self._way[-1]
        with Folder(os.open("..", _FOLDER, dir_fd=self._here.fd)) as above:
            if _number(above) != number:
                raise OSError(errno.EBUSY, "somebody moves it", left[-1])
            self._stand(above)
        os.rmdir(left.pop(), dir_fd=self._here.fd)

    def _stand(self, folder: Folder) -> None:
        os.dup2(folder.fd, self._here.fd, inheritable=False)


def _number(folder: Folder) -> tuple[int, int]:
    state = os.fstat(folder.fd)
    return state.st_dev, state.st_ino
