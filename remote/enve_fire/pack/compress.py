"""Packing a stream smaller, always in the same way: gzip, xz, or zstd by its program."""

from __future__ import annotations

from enve_fire.core.package import GZIP, XZ, ZSTD
from enve_fire.core.trouble import MISSING, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Protocol

    class Squeezed(Protocol):
        """A stream that is written to, once closed."""

        def write(self, data: Any) -> int: ...
        def close(self) -> None: ...


GZIP_LEVEL, XZ_PRESET = 9, 6
_GZIP = 31  # a gzip header without a time or a name
_ZSTD = ("zstd", "-q", "-19", "-T1", "--no-progress", "-c")


def into(out: BinaryIO, end: str) -> Squeezed:
    """By the end of the file's name. Raises Trouble where this machine cannot."""
    if end == ZSTD:
        return _Piped(out)
    try:
        return _Squeezing(out, _made(end))
    except ImportError as error:
        hint = "take another end of the name: %s %s %s" % (GZIP, XZ, ZSTD)
        raise Trouble(MISSING, "this Python cannot make %s: %s" % (end, error), hint) from None


def _made(end: str) -> Any:
    if end == XZ:
        import lzma

        return lzma.LZMACompressor(lzma.FORMAT_XZ, lzma.CHECK_CRC64, XZ_PRESET)
    import zlib

    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)


class _Squeezing:
    def __init__(self, out: BinaryIO, squeezer: Any) -> None:
        self._out = out
        self._squeezer = squeezer

    def write(self, data: Any) -> int:
        self._out.write(self._squeezer.compress(data))
        return len(data)

    def close(self) -> None:
        self._out.write(self._squeezer.flush())


class _Piped:
    """Through a program that writes into the file itself."""

    def __init__(self, out: BinaryIO) -> None:
        import subprocess

        out.flush()
        try:
            self._child = subprocess.Popen(_ZSTD, stdin=subprocess.PIPE, stdout=out)
        except (FileNotFoundError, PermissionError):
            told = "there is no zstd on this machine"
            raise Trouble(MISSING, told, "install it, or take " + GZIP) from None
        assert self._child.stdin is not None  # noqa: S101
        self._stdin = self._child.stdin

    def write(self, data: Any) -> int:
        return self._stdin.write(data)

    def close(self) -> None:
        """Raises Trouble."""
        self._stdin.close()
        if self._child.wait():
            raise Trouble(MISSING, "zstd ended with status %d" % self._child.returncode)
