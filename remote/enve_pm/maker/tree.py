"""The files of a root from a tar archive (the unit's product), unpacked as they are in there: with
owners, setuid bits (but where the line has none) and absolute links, which only mean something
inside the root. Devices are left out: a root gets its own /dev.
"""

from __future__ import annotations

import os

from enve_pm.maker.place import Trouble
from enve_pm.shell.events.branch import bound
from enve_pm.shell.product.placed import TREE as STEM
from enve_pm.shell.product.unpack import CAPS, Unfit, Unpacking, whole
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo

    from enve_pm.maker.place import Place

PLAIN = ".plain"  # ends the name of one without setuid bits


def path(place: Place) -> str:
    """Where the files are. Those of one archive differ, too, by what is left of it."""
    return "%s/%s%s%s" % (place.spot, STEM, place.blob[:16], "" if _whole(place) else PLAIN)


def _whole(place: Place) -> bool:
    return bool(place.body.get("setuid", True))


def grow(place: Place) -> None:
    """Unpack it, unless it stands there whole; the others go. Raises Trouble, OSError."""
    own = _last(path(place))
    bound()
    kept = ~0 if _whole(place) else ~0o6000
    with Folder.open(place.home + "/spots") as spots, spots.below(_last(place.spot)) as spot:
        for name in spot.names():
            if name.startswith(STEM) and name != own:
                spot.remove(name)
        if spot.has(own):
            return
        new = own + ".new"
        source = os.open("%s/store/%s" % (place.home, place.blob), os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(source, "rb") as file, spot.made(new, 0o700) as folder:
            try:
                whole(file, lambda archive: _Tree(archive, folder, kept))
            except BaseException as error:
                spot.remove(new)  # a disk that it has filled is free again
                raise (Trouble("push: %s" % error) if isinstance(error, Unfit) else error) from None
            os.fchmod(folder.fd, 0o755)
        os.sync()  # its name says that it is whole
        spot.rename(new, own)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


class _Tree(Unpacking):
    """kept: a mask of the modes."""

    def __init__(self, archive: TarFile, folder: Folder, kept: int) -> None:
        super().__init__(archive, folder, CAPS)
        self._kept = kept

    def _member(self, member: TarInfo) -> None:
        if not (member.isdev() or member.issparse()):
            super()._member(member)

    def _fit(self, member: TarInfo) -> None:
        """setuid and setgid may stand here."""

    def _own(self, member: TarInfo, handle: int) -> None:
        if os.geteuid() == 0:
            os.fchown(handle, member.uid, member.gid)
            os.fchmod(handle, member.mode & self._kept & 0o7777)

    def _symbolic(self, steps: tuple[str, ...], member: TarInfo, inner: Folder) -> None:
        os.symlink(member.linkname, steps[-1], dir_fd=inner.fd)
        if os.geteuid() == 0:
            os.chown(steps[-1], member.uid, member.gid, dir_fd=inner.fd, follow_symlinks=False)
