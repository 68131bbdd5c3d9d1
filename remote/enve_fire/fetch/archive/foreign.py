"""Unpacking what strangers packed: into an empty folder, by descriptors, as pm unpacks products.

Products that pm gets were packed by enve, so that whatever is odd about them is refused. What the
world packs has folders around it and setuid bits: the former are stripped, the latter dropped, with
the right of others to write. Packages of enve's own keep owners and setuid bits: their entries lie
in folders that nobody else may enter.
"""

from __future__ import annotations

import os

from enve_fire.core.package import MEMBER
from enve_pm.shell.product.unpack import Caps, Unfit, Unpacking
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo

    from enve_fire.fetch.archive.view import Steps, View

MEMBERS, DEPTH, NAME = 500_000, 64, 4096
LATEST = 1 << 33  # seconds
CAPABILITY = "security.capability"
_ABLE = "SCHILY.xattr." + CAPABILITY


def caps(size: int) -> Caps:
    return Caps(members=MEMBERS, size=size, depth=DEPTH, name=NAME)


def is_package(first: TarInfo | None) -> bool:
    return first is not None and first.name == MEMBER and first.isreg()


class Foreign(Unpacking):
    """`time`: of every file (a commit's), None to take what the archive says. `epoch`: the latest
    of these."""

    def __init__(
        self, archive: TarFile, folder: Folder, limits: Caps, view: View, time: int | None = None
    ) -> None:
        super().__init__(archive, folder, limits)
        self._view = view
        self._time = time
        self.epoch = time or 0
        self._near: tuple[Steps, Folder] | None = None
        self._known: set[int] = set()  # hashes of folders

    def run(self) -> None:
        try:
            super().run()
        finally:
            if self._near:
                os.close(self._near[1].fd)

    def _reach(self, steps: Steps, member: TarInfo) -> Folder:
        """The last one is kept open: what follows lies beside it, most often."""
        if self._near is None or self._near[0] != steps:
            self._known.update(hash(steps[:end]) for end in range(1, len(steps) + 1))
            if len(self._known) > self.caps.members:
                raise Unfit("more than %d folders" % self.caps.members)
            found = super()._reach(steps, member)
            if self._near:
                os.close(self._near[1].fd)
            self._near = (steps, found)
        return Folder(os.dup(self._near[1].fd))

    def _member(self, member: TarInfo) -> None:
        if member.size < 0:
            raise Unfit("a size below zero")
        whole = self._steps(member.name)
        seen = self._view.of(whole, member.isdir())
        if seen is None:
            self._skip(member)
            return
        if member.issym():
            member.linkname = self._view.link(whole, member.linkname)
        elif member.islnk():
            member.linkname = self._target(member)
        member.name = "/".join(seen)
        member.mtime = self._dated(member)
        super()._member(member)

    def _skip(self, member: TarInfo) -> None:
        """What is left out is read all the same."""
        self.left -= member.size
        if self.left < 0:
            raise Unfit("more than %d bytes" % self.caps.size)

    def _target(self, member: TarInfo) -> str:
        """What a hard link names, as seen."""
        if len(member.linkname) > self.caps.name:
            raise Unfit("a link that is too long")
        found = self._view.of(self._steps(member.linkname), False)
        if not found:
            raise Unfit("%s: a link to what is left out" % ascii(member.name[:120]))
        return "/".join(found)

    def _dated(self, member: TarInfo) -> int:
        found = self._time
        if found is None:
            found = min(max(int(member.mtime), 0), LATEST)
        if not member.isdir():
            self.epoch = max(self.epoch, found)
        return found

    def _fit(self, member: TarInfo) -> None:
        member.mode &= 0o755


class Packed(Foreign):
    """What enve itself packed: a tree as it lies below a root, so links may be absolute. Owners and
    capabilities can be given by root alone."""

    def _fit(self, member: TarInfo) -> None:
        member.mode &= 0o6755 if member.isreg() else 0o755

    def _own(self, member: TarInfo, handle: int) -> None:
        """A new owner takes away the bits, and these the capabilities: so in this order."""
        root = os.geteuid() == 0
        if root:
            os.fchown(handle, member.uid, member.gid)
        if member.mode & 0o6000:
            os.fchmod(handle, member.mode)
        able = member.pax_headers.get(_ABLE) if root and member.isreg() else None
        if able:
            os.setxattr(handle, CAPABILITY, able.encode("utf-8", "surrogateescape"))

    def _symbolic(self, steps: Steps, member: TarInfo, inner: Folder) -> None:
        if member.linkname.startswith("/") and "\0" not in member.linkname:
            os.symlink(member.linkname, steps[-1], dir_fd=inner.fd)
        else:
            super()._symbolic(steps, member, inner)
