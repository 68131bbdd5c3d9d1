"""From the bytes of an archive to a folder."""

from __future__ import annotations

from enve_fire.fetch.archive import decode, kinds
from enve_fire.fetch.archive.unfit import judged, trouble
from enve_fire.fetch.archive.view import View
from enve_fire.tree.pace import quiet
from enve_pm.core.lean import namedtuple
from enve_pm.shell.product.unpack import Unfit
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from enve_fire.tree.pace import Tell

Unpacked = namedtuple("Unpacked", "epoch package")
TAIL = 64 << 20  # bytes that may fill up the last block


def unpack(  # noqa: PLR0913, PLR0917
    path: str,
    out: str,
    view: View,
    most: int,
    name: str,
    tell: Tell = quiet,
    hidden: bool = False,
) -> Unpacked:
    """An archive into the empty folder `out`. `most`: bytes of what is in it; `name`: what errors
    call it; `tell`: of bytes that are unpacked; `hidden`: nobody else can enter `out`: else no
    package is unpacked, whose files may be setuid. Raises Trouble, OSError."""
    with open(path, "rb") as source:
        what = kinds.kind(source, name)
        try:
            if what == decode.ZIP:
                return _zip(source, out, view, most)
            bytes_ = Counted(kinds.plain(source, what), tell)
            return tar(bytes_, out, view, most, hidden=hidden)
        except Unfit as unfit:
            raise trouble(name, unfit) from None


def _zip(source: BinaryIO, out: str, view: View, most: int) -> Unpacked:
    from enve_fire.fetch.archive.zipped import Zipped

    with judged():
        return _made(Zipped(source), out, view, most)


def tar(  # noqa: PLR0913, PLR0917
    plain: Any, out: str, view: View, most: int, time: int | None = None, hidden: bool = False
) -> Unpacked:
    """A tar archive that nothing packs; `plain` is read to its end and closed. Raises Unfit,
    OSError."""
    import tarfile

    from enve_fire.fetch.archive import headers

    header = headers.fresh()
    try:
        with judged(), tarfile.open(fileobj=plain, mode="r|", tarinfo=header) as archive:
            made = _made(archive, out, view, most, time, hidden)
            if not header.ended:
                raise Unfit("cut short, or damaged")
        _drain(plain)
    finally:
        plain.close()
    return made


def _made(  # noqa: PLR0913, PLR0917
    archive: Any, out: str, view: View, most: int, time: int | None = None, hidden: bool = False
) -> Unpacked:
    from enve_fire.fetch.archive import foreign

    package = time is None and foreign.is_package(archive.firstmember)
    if package and not hidden:
        raise Unfit("a package, which is unpacked where nobody else can enter")
    make = foreign.Packed if package else foreign.Foreign
    seen = View(0) if package else view
    with Folder.open(out) as folder:
        work = make(archive, folder, foreign.caps(most), seen, time)
        work.run()
        _something(seen, folder)
    return Unpacked(work.epoch, package)


def _something(view: View, folder: Folder) -> None:
    if folder.names():
        return
    where = " below %s" % "/".join(view.below) if view.below else ""
    raise Unfit("nothing is in it%s (strip: %d)" % (where, view.strip))


class Counted:
    """What is read of something else."""

    def __init__(self, inner: Any, tell: Tell) -> None:
        self._inner = inner
        self._tell = tell
        self.close = inner.close

    def read(self, size: int) -> bytes:
        data: bytes = self._inner.read(size)
        self._tell(len(data))
        return data


def _drain(plain: Any) -> None:
    """To the end, where the sums of the compressed bytes stand. Raises Unfit."""
    left = TAIL
    while left > 0:
        data = plain.read(decode.PIECE)
        if not data:
            return
        left -= len(data)
    raise Unfit("more than %d bytes follow its end" % TAIL)
