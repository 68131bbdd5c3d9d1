"""tarfile's headers, read with suspicion: it would take any size of them into memory, and would
take an archive for whole that is cut between two members, or damaged there."""

from __future__ import annotations

from tarfile import (
    GNUTYPE_LONGLINK,
    GNUTYPE_LONGNAME,
    GNUTYPE_SPARSE,
    SOLARIS_XHDTYPE,
    XGLTYPE,
    XHDTYPE,
    TarInfo,
)

from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = 512
LONG = 1 << 20  # bytes that one header of names or facts may have
ALL = 256 << 20  # and all of them
_MORE = (XHDTYPE, XGLTYPE, SOLARIS_XHDTYPE, GNUTYPE_LONGNAME, GNUTYPE_LONGLINK)


class Header(TarInfo):
    """A class of its own for each archive: `seen` and `ended` belong to it."""

    seen = 0
    ended = False  # whether the last block was the mark of the end

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> Any:
        if hasattr(TarInfo, "_frombuf"):  # a newer tarfile, which comes to ours by this one
            return super().frombuf(buf, encoding, errors)
        cls._began(buf)
        return cls._judged(super().frombuf(buf, encoding, errors))

    @classmethod
    def _frombuf(cls, buf: Any, encoding: str, errors: str, **how: Any) -> Any:
        """What a newer tarfile reads headers by."""
        cls._began(buf)
        return cls._judged(super()._frombuf(buf, encoding, errors, **how))  # type: ignore[misc]

    @classmethod
    def _began(cls, buf: Any) -> None:
        cls.ended = len(buf) == BLOCK and not any(buf)

    @classmethod
    def _judged(cls, found: Any) -> Any:
        if found.size < 0:
            raise Unfit("a size below zero")
        if found.type == GNUTYPE_SPARSE:
            raise Unfit("%s: a sparse file" % ascii(found.name[:120]))
        if found.type in _MORE:
            cls.seen += found.size
            if found.size > LONG or cls.seen > ALL:
                raise Unfit("a header of %d bytes" % found.size)
        return found

    def _sparse(self, *_: Any) -> None:
        raise Unfit("%s: a sparse file" % ascii(self.name[:120]))

    # How tarfile reads the newer ways to be sparse: their maps may have any size.
    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _sparse


def fresh() -> Any:
    """The class for one archive."""
    return type("Header", (Header,), {})
