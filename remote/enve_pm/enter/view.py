"""What a process sees of the file system, in a mount namespace of its own: covered folders, folders
that cannot be written, and always the directory of its spot.

Paths mean what the unit itself would see, so a root of its own is entered before.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.enter import kernel
from enve_pm.maker import libc, trusted
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from enve_pm.shell.process.mountinfo import Mount

TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  (where a memory of its own comes)
# Never made read-only with the rest: what stands there is no file of the system.
LIVING = ("/dev", "/proc", "/run")
SAFE = libc.NOSUID | libc.NODEV
OLD = (errno.ENOSYS, errno.EPERM)  # EPERM: what a container's filter says of unknown calls
# How mountinfo spells what a remount has to repeat.
KEPT = {
    "nosuid": libc.NOSUID,
    "nodev": libc.NODEV,
    "noexec": libc.NOEXEC,
    "noatime": 1024,
    "nodiratime": 2048,
    "relatime": 1 << 21,
}


class View:
    """`spot`: the directory that stays where it is, and may be written, whatever covers it.

    What covers something goes where only root can lead it, as root's own processes may be shown it.
    What is made read-only, or left writable, may be anybody's: there is nothing to be led to.
    """

    def __init__(self, spot: str, root: bool) -> None:
        self._spot = spot
        self._open: Callable[[str], int] = trusted.open_path if root else _open
        self._temporary: list[str] = []

    def own_processes(self) -> None:
        """/proc of the pid namespace that we are in."""
        at = self._open("/proc")
        libc.mount("proc", trusted.name(at), "proc", SAFE | libc.NOEXEC)
        os.close(at)

    def private_tmp(self) -> None:
        for path in TEMPORARY:
            try:
                at = self._open(path)
            except FileNotFoundError:
                continue
            real = trusted.real(at)
            if real not in self._temporary:
                self._temporary.append(real)
                self._cover(at, "mode=1777")
            os.close(at)

    def hide(self, paths: Iterable[str]) -> None:
        """An empty folder, or file, stands in their place."""
        for path in paths:
            at = self._open(path)
            if stat.S_ISDIR(os.fstat(at).st_mode):
                real = trusted.real(at)
                self._cover(at, "mode=755,size=64k")
                _remount(real, libc.RDONLY | libc.NOEXEC | SAFE)
            else:
                libc.mount("/dev/null", trusted.name(at), "", libc.BIND)
            os.close(at)

    def _cover(self, at: int, data: str) -> None:
        """A memory lies over an open folder; the spot, if it is below, comes back."""
        below = (self._spot + "/").startswith(trusted.real(at).rstrip("/") + "/")
        spot = self._open(self._spot) if below else -1
        libc.mount("pm:own", trusted.name(at), "tmpfs", SAFE, data)
        if below:
            os.makedirs(self._spot, 0o755)
            libc.mount(trusted.name(spot), self._spot, "", libc.BIND | libc.REC)
            os.close(spot)

    # -- what cannot be written -------------------------------------------------------------------
    def protect(self, paths: Sequence[str]) -> None:
        """These, with all that is mounted in them."""
        for path in paths:
            _read_only(self._alone(path), ())

    def protect_all(self, but: Sequence[str]) -> None:
        """All but the spot's directory, memories of its own, and these."""
        folders = []
        for path in (self._spot, *but, *LIVING, *self._temporary):
            try:
                folders.append(self._real(path))
            except FileNotFoundError:
                continue
        for folder in folders:
            os.close(self._alone(folder))
        _read_only(self._open("/"), folders)

    @staticmethod
    def _real(path: str) -> str:
        at = _open(path)
        try:
            return trusted.real(at)
        finally:
            os.close(at)

    @staticmethod
    def _alone(path: str) -> int:
        """A mount of its own, of which more or less may be said than of what is around it."""
        at = _open(path)
        try:
            libc.mount(trusted.name(at), trusted.name(at), "", libc.BIND | libc.REC)
            real = trusted.real(at)
        finally:
            os.close(at)
        return _open(real)


def private() -> None:
    """What we mount from now on is seen by nobody else."""
    libc.mount("", "/", "", libc.REC | libc.PRIVATE)


def follow() -> None:
    """Likewise, but what is mounted and unmounted outside is seen, where that is passed on."""
    libc.mount("", "/", "", libc.REC | libc.SLAVE)


def _open(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _read_only(top: int, but: Sequence[str]) -> None:
    """All mounts from an open folder on, but those in some folders that could be written before."""
    below = mountinfo.below(trusted.real(top), mountinfo.read())
    kept = [mount for mount in below if "ro" not in mount.options and _lies(mount.at, but)]
    try:
        kernel.set_read_only(top, recursive=True)
    except OSError as error:
        if error.errno not in OLD:
            raise
        _read_only_one_by_one([mount for mount in below if mount not in kept])
        return
    finally:
        os.close(top)
    for mount in kept:
        _writable(mount)


def _writable(mount: Mount) -> None:
    """Again; one that nobody can reach, as something lies over it, is let be."""
    try:
        at = _open(mount.at)
    except FileNotFoundError:
        return
    if mountinfo.number_of(at) == mount.number:
        kernel.set_read_only(at, recursive=False, read_only=False)
    os.close(at)


def _read_only_one_by_one(mounts: Sequence[Mount]) -> None:
    """As kernels before 5.12 have it; see `_writable`."""
    for mount in mounts:
        flags = sum(KEPT[option] for option in mount.options & KEPT.keys())
        try:
            _remount(mount.at, flags | libc.RDONLY)
        except FileNotFoundError:
            continue


def _remount(path: str, flags: int) -> None:
    libc.mount("", path, "", libc.BIND | libc.REMOUNT | flags)


def _lies(path: str, folders: Sequence[str]) -> bool:
    return any((path + "/").startswith(folder.rstrip("/") + "/") for folder in folders)
