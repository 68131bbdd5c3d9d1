"""What an open file is: which archive, packed by what, and whether makepkg made it."""

from __future__ import annotations

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.archive import decode
from enve_fire.fetch.archive.unfit import judged, trouble
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO


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
        bytes_, header = plain(source, what), headers.fresh()
        try:
            with judged(), tarfile.open(fileobj=bytes_, mode="r|", tarinfo=header) as archive:
                return foreign.is_package(archive.next())
        except Unfit as unfit:
            raise trouble(name, unfit) from None
        finally:
            bytes_.close()


def plain(source: BinaryIO, what: str) -> Any:
    """The bytes within, to `read` and to `close`. Raises Trouble where this machine cannot."""
    from enve_fire.fetch.archive.zstd import Zstd

    return decode.plain(source, what, Zstd)
