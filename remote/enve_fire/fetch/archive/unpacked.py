"""From the bytes of an archive to a folder."""

from __future__ import annotations

import errno
from contextlib import contextmanager

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.archive import decode
from enve_fire.fetch.archive.view import View
from enve_fire.tree.pace import quiet
from enve_pm.core.lean import namedtuple
from enve_pm.shell.product.unpack import Unfit
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Iterator

    from enve_fire.tree.pace import Tell

Unpacked = namedtuple("Unpacked", "epoch package")
TAIL = 64 << 20  # bytes that may fill up the last block
_ODD = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.EISDIR)


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
        what = kind(source, name)
        try:
            if what == decode.ZIP:
                return _zip(source, out, view, most)
            plain = Counted(_plain(source, what), tell)
            return tar(plain, out, view, most, hidden=hidden)
        except Unfit as unfit:
            raise trouble(name, unfit) from None


@contextmanager
def told() -> Iterator[None]:
    """What tarfile and zipfile let through of their parts (zlib.error, RecursionError, ...) says
    that the archive is bad."""
    try:
        yield
    except (Unfit, Trouble):
        raise
    except OSError as error:
        if error.errno not in _ODD:
            raise
        raise Unfit("not a good archive: %s" % error.strerror) from None
    except MemoryError:
        raise Unfit("the archive takes more memory than there is") from None
    except Exception as error:
        raise Unfit("not a good archive: %s" % error) from None


def _zip(source: BinaryIO, out: str, view: View, most: int) -> Unpacked:
    from enve_fire.fetch.archive.zipped import Zipped

    with told():
        return _made(Zipped(source), out, view, most)


def kind(source: BinaryIO, name: str) -> str:
    """What packed an open file. Raises Trouble if nothing did."""
    head = source.read(decode.HEAD)
    source.seek(0)
    what = decode.kind(head)
    if what in ("", decode.EMPTY_ZIP):
        text = "%s: wanted a tar or zip archive, found %s"
        raise Trouble(CHECKOUT, text % (name, _like(head)), "is it the url of a web page?")
    return what


def _like(head: bytes) -> str:
    """Nothing of what is in it: a redirect may have led to what is not meant for who reads this."""
    if head.lstrip().startswith(b"<"):
        return "a web page, or XML"
    shown = head.decode("latin-1").translate({9: " ", 10: " ", 13: " "})
    return ("text" if shown.isprintable() else "something else") if head else "an empty file"


def is_package(path: str, name: str) -> bool:
    """Whether makepkg made it: see `core.package`. Raises Trouble, OSError."""
    import tarfile

    from enve_fire.fetch.archive import foreign, headers

    with open(path, "rb") as source:
        what = kind(source, name)
        if what == decode.ZIP:
            return False
        plain = _plain(source, what)
        try:
            with told(), tarfile.open(fileobj=plain, mode="r|", tarinfo=headers.fresh()) as archive:
                return foreign.is_package(archive.next())
        except Unfit as unfit:
            raise trouble(name, unfit) from None
        finally:
            plain.close()


def tar(  # noqa: PLR0913, PLR0917
    plain: Any, out: str, view: View, most: int, time: int | None = None, hidden: bool = False
) -> Unpacked:
    """A tar archive that nothing packs; `plain` is read to its end and closed. Raises Unfit,
    OSError."""
    import tarfile

    from enve_fire.fetch.archive import headers

    header = headers.fresh()
    try:
        with told(), tarfile.open(fileobj=plain, mode="r|", tarinfo=header) as archive:
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


def _plain(source: BinaryIO, what: str) -> Any:
    from enve_fire.fetch.archive.zstd import Zstd

    return decode.plain(source, what, Zstd)


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


def trouble(name: str, unfit: Unfit) -> Trouble:
    text = str(unfit)
    hint = "it is not unpacked: nothing of it is kept"
    if "strip:" in text:
        hint = "set strip to 0, and subdir to the folder that is meant; or another strip"
    elif "cut short" in text or "compressed wrongly" in text or "not a" in text:
        hint = (
            "it is damaged, or was not fetched whole: fetch it again (--refresh), or ask its owner"
        )
    return Trouble(CHECKOUT, "%s: %s" % (name, text), hint)


__all__ = ["TAIL", "Unpacked", "kind", "tar", "trouble", "unpack"]
