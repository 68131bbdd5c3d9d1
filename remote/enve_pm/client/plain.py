"""What units printed, made safe for a terminal: nothing in it can drive that, or forge a line."""

from __future__ import annotations

import codecs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_NAMED = {"\x1b": "\\e", "\r": "\\r"}
_KEPT = "\n\t"


def text(said: str) -> str:
    """Controls, marks that reorder and what Unicode has not assigned are spelled out."""
    return said if said.isprintable() else "".join(map(_spell, said.replace("\r\n", "\n")))


def json_text(said: str) -> str:
    """The same of a JSON text, which stays one."""
    from json import dumps

    return "".join(c if c.isprintable() or c == "\n" else dumps(c)[1:-1] for c in said)


def _spell(char: str) -> str:
    if char.isprintable() or char in _KEPT:
        return char
    code = ord(char)
    return _NAMED.get(char) or ("\\x%02x" % code if code < 0x100 else "\\u%04x" % code)


class Output:
    """Bytes go through as they are; to a terminal as safe text."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._safe = out.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> None:
        """It is seen at once."""
        if self._safe:
            data = text(self._decoder.decode(data)).encode("utf-8", "replace")
        self._out.write(data)
        self._out.flush()
