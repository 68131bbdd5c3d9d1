"""What packs an archive is told by its first bytes, never by its name; and unpacked in pieces, with
bounded memory, whatever the bytes claim.

tarfile would decompress by itself: it lets xz take as much memory as a stranger asks for, and takes
a stream that is cut behind the last member for a whole one.
"""

from __future__ import annotations

from enve_fire.core.trouble import MISSING, Trouble
from enve_pm.shell.product.unpack import Unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Mapping

TAR, GZIP, BZIP2, XZ, ZSTD, ZIP, EMPTY_ZIP = "tar", "gzip", "bzip2", "xz", "zstd", "zip", "emptyzip"
_MAGIC: Mapping[str, bytes] = {
    GZIP: b"\x1f\x8b\x08",
    BZIP2: b"BZh",
    XZ: b"\xfd7zXZ\0",
    ZSTD: b"\x28\xb5\x2f\xfd",
    ZIP: b"PK\x03\x04",
    EMPTY_ZIP: b"PK\x05\x06",
}
HEAD = 512  # bytes that tell
PIECE = 1 << 16
STREAMS = 1_000_000  # each costs a copy of a piece
MEMORY = 256 << 20  # bytes that xz may take; its strongest setting needs 65 MiB
_CHECKSUM = slice(148, 156)  # of a tar header, in octal


def kind(head: bytes) -> str:
    """What packed a file that begins with these bytes; "" for no archive."""
    for name, magic in _MAGIC.items():
        if head.startswith(magic):
            return name
    return TAR if _is_tar(head) else ""


def _is_tar(head: bytes) -> bool:
    if len(head) < HEAD:
        return False
    if not any(head):
        return True  # nothing is in it
    try:
        said = int(head[_CHECKSUM].strip(b"\0 "), 8)
    except ValueError:
        return False
    blank = head[: _CHECKSUM.start] + b" " * 8 + head[_CHECKSUM.stop :]
    return said in (sum(blank), sum(byte - (byte >> 7 << 8) for byte in blank))


def plain(source: BinaryIO, what: str, zstd: Callable[[BinaryIO], Any]) -> Any:
    """The bytes within, to `read` and to `close`. Raises Trouble where this machine cannot."""
    if what == TAR:
        return source
    if what == ZSTD:
        return zstd(source)
    return Decoded(source, _decoder(what), _MAGIC[what])


def _decoder(what: str) -> Callable[[], Any]:
    try:
        if what == GZIP:
            import zlib  # noqa: F401

            return _Gzip
        if what == BZIP2:
            from bz2 import BZ2Decompressor

            return BZ2Decompressor
        from lzma import FORMAT_XZ, LZMADecompressor
    except ImportError:
        text = "this Python was built without %s" % what
        raise Trouble(
            MISSING, text, "install Python with it, or pack the archive by gzip"
        ) from None
    return lambda: LZMADecompressor(format=FORMAT_XZ, memlimit=MEMORY)


class _Gzip:
    """zlib, with the face that the others have."""

    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(31)
        self._left = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        made: bytes = self._inner.decompress(self._left + data, most)
        self._left = self._inner.unconsumed_tail
        return made

    @property
    def needs_input(self) -> bool:
        return not self._left

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class Decoded:
    """One compressed stream after the other, up to the end of the file. `read` raises Unfit."""

    def __init__(self, source: BinaryIO, start: Callable[[], Any], magic: bytes) -> None:
        self._source = source
        self._start = start
        self._magic = magic
        self._inner = start()
        self._early = b""  # bytes of the source that were read with the stream before
        self._streams = 1
        self._ended = False

    def close(self) -> None:
        """Nothing to end: the source is the caller's."""

    def read(self, size: int) -> bytes:
        """So many bytes, or what is left."""
        pieces = []
        while size > 0 and not self._ended:
            made = self._some(size)
            pieces.append(made)
            size -= len(made)
        return b"".join(pieces)

    def _some(self, most: int) -> bytes:
        """A few bytes; b"" does not say that it is the end."""
        if self._inner.eof:
            self._next()
            return b""
        asked = bool(self._inner.needs_input)
        data = self._input() if asked else b""
        try:
            made: bytes = self._inner.decompress(data, most)
        except Exception as error:  # zlib.error, LZMAError, OSError, EOFError, MemoryError
            raise Unfit("compressed wrongly: %s" % error) from None
        if asked and not data and not made and not self._inner.eof:
            raise Unfit("cut short")
        return made

    def _input(self) -> bytes:
        early, self._early = self._early, b""
        return early or self._source.read(PIECE)

    def _next(self) -> None:
        """What follows a stream: another one, zeros to fill a block, or nothing."""
        rest = self._inner.unused_data
        if len(rest) < len(self._magic):
            rest += self._source.read(PIECE)
        if rest.startswith(self._magic):
            self._another(rest)
        elif rest.strip(b"\0"):
            raise Unfit("something else follows the compressed bytes")
        else:
            self._ended = True

    def _another(self, rest: bytes) -> None:
        self._streams += 1
        if self._streams > STREAMS:
            raise Unfit("more than %d compressed streams" % STREAMS)
        self._early = rest
        self._inner = self._start()
