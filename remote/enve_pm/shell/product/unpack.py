"""Unpacking a product: a tar archive into an empty folder, trusting nothing that it says.

tarfile only reads the headers. Every file is made through folder descriptors, new (O_EXCL) and
without following links; links are made last, when nothing more is written, and lead inside;
devices, fifos and setuid bits are refused; count and size have caps. The filters of tarfile were
escaped in several versions and are missing in others.
"""

from __future__ import annotations

import os
import stat

from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from tarfile import TarFile, TarInfo
    from typing import BinaryIO

    from enve_pm.shell.state.folder import Folder

Caps = namedtuple("Caps", "members size depth name")
CAPS = Caps(members=500_000, size=32 << 30, depth=64, name=4096)
PIECE = 1 << 20


class Unfit(Exception):
    """An archive that is not unpacked; the text says which member and why."""


def prepare() -> None:
    """Load what unpacking needs while we may still read it: below a root pm, a spot's user may
    not see the Python that runs this."""
    import tarfile  # noqa: F401
    import zlib  # noqa: F401

    for name in ("bz2", "gzip", "lzma"):
        try:
            __import__(name)
        except ImportError:
            continue  # this Python was built without it: tarfile says so where it matters


def unpack(source: BinaryIO, folder: Folder, caps: Caps = CAPS) -> None:
    """Unpack a tar archive, plain or compressed with gzip, bzip2 or xz. Raises Unfit, OSError.
    What was written by then stays in the folder, for the caller to remove."""
    whole(source, lambda archive: Unpacking(archive, folder, caps))


def whole(source: BinaryIO, make: Callable[[TarFile], Unpacking]) -> None:
    """Unpack all of it with what `make` gives. Raises Unfit, OSError."""
    import tarfile

    try:
        with tarfile.open(fileobj=source, mode="r|*") as archive:
            make(archive).run()
    except (Unfit, OSError):
        raise
    except MemoryError:
        raise Unfit("the archive takes more memory than it may") from None
    except (tarfile.TarError, EOFError) as error:
        raise Unfit("not a whole tar archive: %s" % error) from None
    except Exception as error:
        # tarfile lets through what its parts raise: zlib.error, LZMAError, ValueError, ...
        raise Unfit("not a good tar archive: %s" % error) from None


class Unpacking:
    """Into an empty folder; a subclass may be less strict about members."""

    def __init__(self, archive: TarFile, folder: Folder, caps: Caps) -> None:
        self.archive = archive
        self.folder = folder
        self.caps = caps
        self.left = caps.size
        self.links: list[tuple[tuple[str, ...], TarInfo]] = []
        self.folders: dict[tuple[str, ...], TarInfo] = {}

    def run(self) -> None:
        for count, member in enumerate(iter(self.archive.next, None)):
            if count >= self.caps.members:
                raise Unfit("more than %d members" % self.caps.members)
            if member is not None:
                self._member(member)
            self.archive.members = []  # type: ignore[attr-defined]  # it keeps them all otherwise
        for steps, member in self.links:
            self._link(steps, member)
        for steps, member in sorted(self.folders.items(), key=lambda row: row[0], reverse=True):
            with self.folder.reach(steps, make=False) as inner:
                os.fchmod(inner.fd, member.mode & 0o777 | 0o700)
                self._own(member, inner.fd)

    def _member(self, member: TarInfo) -> None:
        steps = self._steps(member.name)
        self._fit(member)
        if member.isdir():
            self._directory(steps, member)
        elif member.issparse():
            raise Unfit("%s: a sparse file" % _shown(member.name))
        elif member.isreg():
            self._file(steps, member)
        elif member.issym() or member.islnk():
            if len(member.linkname) > self.caps.name:
                raise Unfit("%s: a link that is too long" % _shown(member.name))
            self.links.append((steps, member))
        else:
            raise Unfit("%s: neither file, folder nor link" % _shown(member.name))

    def _fit(self, member: TarInfo) -> None:
        if member.mode & 0o6000:
            raise Unfit("%s: setuid or setgid" % _shown(member.name))

    def _own(self, member: TarInfo, handle: int) -> None:
        """Whoever unpacks it owns it."""

    def _steps(self, name: str) -> tuple[str, ...]:
        if name.startswith("/") or "\0" in name or len(name) > self.caps.name:
            raise Unfit("%s: an absolute or overlong name" % _shown(name))
        steps = tuple(step for step in name.split("/") if step not in ("", "."))
        if ".." in steps or len(steps) > self.caps.depth:
            raise Unfit("%s: leads outside, or too deep" % _shown(name))
        return steps

    def _directory(self, steps: tuple[str, ...], member: TarInfo) -> None:
        with self._reach(steps, member):
            if steps:
                self.folders[steps] = member

    def _reach(self, steps: tuple[str, ...], member: TarInfo) -> Folder:
        try:
            return self.folder.reach(steps)
        except (NotADirectoryError, FileExistsError):
            raise Unfit("%s: below a file" % _shown(member.name)) from None

    def _file(self, steps: tuple[str, ...], member: TarInfo) -> None:
        self.left -= member.size
        if self.left < 0:
            raise Unfit("more than %d bytes" % self.caps.size)
        if not steps:
            raise Unfit("a file without a name")
        with self._reach(steps[:-1], member) as inner:
            try:
                handle = inner.create(steps[-1])
            except FileExistsError:
                raise Unfit("%s: stands twice" % _shown(member.name)) from None
            try:
                self._pour(member, handle)
            finally:
                os.close(handle)

    def _pour(self, member: TarInfo, handle: int) -> None:
        source = self.archive.extractfile(member)
        left = member.size
        while source is not None and left:
            piece = source.read(min(PIECE, left))
            if not piece:
                raise Unfit("%s: cut short" % _shown(member.name))
            write_all(handle, piece)
            left -= len(piece)
        os.fchmod(handle, member.mode & 0o777)
        self._own(member, handle)
        seconds = min(max(int(member.mtime), 0), 1 << 33)
        os.utime(handle, (seconds, seconds))

    # -- links, when everything else is there -----------------------------------------------------
    def _link(self, steps: tuple[str, ...], member: TarInfo) -> None:
        if not steps:
            raise Unfit("a link without a name")
        make = self._symbolic if member.issym() else self._hard
        with self._reach(steps[:-1], member) as inner:
            try:
                make(steps, member, inner)
            except FileExistsError:
                raise Unfit("%s: stands twice" % _shown(member.name)) from None

    def _symbolic(self, steps: tuple[str, ...], member: TarInfo, inner: Folder) -> None:
        """Every `..` stands at the beginning and none leads above the root. So the way goes up
        through real folders and then down, perhaps through links of which the same holds."""
        target = [step for step in member.linkname.split("/") if step not in ("", ".")]
        up = 0
        while up < len(target) and target[up] == "..":
            up += 1
        outside = member.linkname[:1] in ("/", "") or "\0" in member.linkname
        if outside or up > len(steps) - 1 or ".." in target[up:]:
            raise Unfit("%s: a link that leads outside" % _shown(member.name))
        os.symlink(member.linkname, steps[-1], dir_fd=inner.fd)

    def _hard(self, steps: tuple[str, ...], member: TarInfo, inner: Folder) -> None:
        target = self._steps(member.linkname)
        try:
            with self.folder.reach(target[:-1], make=False) as other:
                if not stat.S_ISREG(other.stat(target[-1]).st_mode):
                    raise FileNotFoundError
                os.link(
                    target[-1],
                    steps[-1],
                    src_dir_fd=other.fd,
                    dst_dir_fd=inner.fd,
                    follow_symlinks=False,
                )
        except (FileNotFoundError, NotADirectoryError, IndexError):
            raise Unfit("%s: a link to nothing" % _shown(member.name)) from None


def _shown(name: str) -> str:
    return ascii(name[:120])
