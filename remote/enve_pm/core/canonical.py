"""Canonical JSON: one text for one value, so that bytes can be signed and compared.

UTF-8, keys sorted by code point, no blanks, integers only and below 2**53, unique keys, no lone
surrogates; strings escape `"`, `\\` and the controls below U+0020 (short forms where JSON has
them), nothing else. Both programs use this one definition. It is written by hand because the
resident program does without the json package; only the C routine that quotes strings is taken.
"""

from __future__ import annotations

from _json import encode_basestring as _quote
from sys import intern

from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

LIMIT = 2**53  # every integer is strictly smaller, in either sign: exact in any JSON reader
DEPTH = 32

_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_HEX = frozenset("0123456789abcdefABCDEF")
_DIGITS = frozenset("0123456789")
_WORDS = (("true", True), ("false", False), ("null", None))


def dumps(value: Any, max_depth: int = DEPTH) -> bytes:
    """The canonical bytes of a value made of dict, list, tuple, str, int, bool and None."""
    pieces: list[str] = []
    _write(value, pieces.append, max_depth)
    try:
        return "".join(pieces).encode("utf-8")
    except UnicodeEncodeError:
        raise FormatError("canonical JSON holds no lone surrogates") from None


def loads(data: bytes, max_depth: int = DEPTH, canonical: bool = False) -> Any:
    """Read strict JSON; with `canonical`, refuse any other spelling of the same value."""
    try:
        text = bytes(data).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8 at byte %d" % error.start) from None
    value, end = _value(text, _blank(text, 0), max_depth)
    if _blank(text, end) != len(text):
        raise _bad("the end", text, _blank(text, end))
    if canonical and dumps(value, max_depth) != data:
        raise FormatError("valid JSON, but not in canonical form")
    return value


def _write(value: Any, put: Callable[[str], None], depth: int) -> None:
    if isinstance(value, str):
        put(_quote(str(value)))
    elif value is None or value is True or value is False:
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, int):
        put(_digits(value))
    elif depth <= 0:
        raise FormatError("nested too deeply")
    elif isinstance(value, dict):
        _write_object(value, put, depth - 1)
    elif isinstance(value, (list, tuple)):
        _write_array(value, put, depth - 1)
    else:
        raise FormatError("canonical JSON has no %s" % type(value).__name__)


def _digits(value: int) -> str:
    if not -LIMIT < value < LIMIT:
        raise FormatError("an integer must be smaller than 2**53")
    return int.__repr__(value)


def _write_object(value: dict[str, Any], put: Callable[[str], None], depth: int) -> None:
    for key in value:
        if not isinstance(key, str):
            raise FormatError("a key must be a string, not %s" % type(key).__name__)
    lead = "{"
    for key in sorted(value):
        put(lead)
        put(_quote(str(key)))
        put(":")
        _write(value[key], put, depth)
        lead = ","
    put("}" if value else "{}")


def _write_array(value: Any, put: Callable[[str], None], depth: int) -> None:
    lead = "["
    for item in value:
        put(lead)
        _write(item, put, depth)
        lead = ","
    put("]" if value else "[]")


def _bad(wanted: str, text: str, at: int) -> FormatError:
    found = repr(text[at : at + 12]) if at < len(text) else "nothing more"
    return FormatError("wanted %s at character %d, found %s" % (wanted, at, found))


def _blank(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\n", "\r"):
        at += 1
    return at


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends."""
    lead = text[at : at + 1]
    if lead == '"':
        return _string(text, at)
    if lead in ("{", "["):
        if depth <= 0:
            raise FormatError("nested too deeply at character %d" % at)
        read = _object if lead == "{" else _array
        return read(text, _blank(text, at + 1), depth - 1)
    if lead == "-" or lead in _DIGITS:
        return _integer(text, at)
    for word, value in _WORDS:
        if text.startswith(word, at):
            return value, at + len(word)
    raise _bad("a value", text, at)


def _string(text: str, at: int) -> tuple[str, int]:
    """The string whose opening quote stands at `at`."""
    begin = at + 1
    end = text.find('"', begin)
    if end < 0:
        raise _bad("a string that ends", text, at)
    piece = text[begin:end]
    if "\\" in piece:
        return _escaped(text, begin)
    return _plain(piece, begin), end + 1


def _plain(piece: str, at: int) -> str:
    if not piece.isprintable() and min(piece) < " ":
        raise FormatError("a control character in the string at character %d" % at)
    return piece


def _escaped(text: str, begin: int) -> tuple[str, int]:
    """Lines of units, which most of these are, have nothing escaped but quotes."""
    quote = text.find('"', begin)
    while quote >= 0 and text[quote - 1] == "\\":
        quote = text.find('"', quote + 1)
    piece = text[begin:quote].replace('\\"', '"')
    if quote < 0 or "\\" in piece:  # also where two of them stand before the quote that ends it
        return _any_escaped(text, begin)
    return _plain(piece, begin), quote + 1


def _any_escaped(text: str, begin: int) -> tuple[str, int]:
    pieces: list[str] = []
    at = begin
    quote = -1
    while True:
        if quote < at:  # else it is still the next one: a long string is not searched again
            quote = text.find('"', at)
        slash = text.find("\\", at)
        if quote < 0:
            raise _bad("a string that ends", text, begin - 1)
        if slash < 0 or quote < slash:
            pieces.append(_plain(text[at:quote], at))
            return "".join(pieces), quote + 1
        pieces.append(_plain(text[at:slash], at))
        piece, at = _escape(text, slash)
        pieces.append(piece)


def _escape(text: str, at: int) -> tuple[str, int]:
    """What the escape at `at` stands for; a surrogate must be followed by its other half."""
    sign = text[at + 1 : at + 2]
    if sign in _ESCAPES:
        return _ESCAPES[sign], at + 2
    code = _unit(text, at)
    if not 0xD800 <= code <= 0xDFFF:
        return chr(code), at + 6
    low = _unit(text, at + 6) if code <= 0xDBFF else 0
    if not 0xDC00 <= low <= 0xDFFF:
        raise FormatError("a lone surrogate in the string at character %d" % at)
    return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), at + 12


def _unit(text: str, at: int) -> int:
    digits = text[at + 2 : at + 6]
    if text[at : at + 2] != "\\u" or len(digits) < 4 or not _HEX.issuperset(digits):
        raise _bad("an escape that JSON has", text, at)
    return int(digits, 16)


def _integer(text: str, at: int) -> tuple[int, int]:
    end = at + 1
    while text[end : end + 1] in _DIGITS:
        end += 1
        if end - at > 17:
            raise FormatError("an integer must be smaller than 2**53 (character %d)" % at)
    digits = text[at:end].lstrip("-")
    if not digits or (digits[0] == "0" and end - at > 1) or text[end : end + 1] in (".", "e", "E"):
        raise _bad("an integer", text, at)
    value = int(text[at:end])
    if not -LIMIT < value < LIMIT:
        raise FormatError("an integer must be smaller than 2**53 (character %d)" % at)
    return value, end


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        value, at = _value(text, at, depth)
        items.append(value)
        at = _blank(text, at)
        if text[at : at + 1] == "]":
            return items, at + 1
        at = _comma(text, at)


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    if text[at : at + 1] == "}":
        return members, at + 1
    while True:
        at = _member(text, at, depth, members)
        if text[at : at + 1] == "}":
            return members, at + 1
        at = _comma(text, at)


def _member(text: str, at: int, depth: int, members: dict[str, Any]) -> int:
    if text[at : at + 1] != '"':
        raise _bad("a key", text, at)
    key, end = _string(text, at)
    key = intern(key)  # a thousand units have the same few keys
    if key in members:
        raise FormatError("the key %s stands twice (character %d)" % (_quote(key), at))
    end = _blank(text, end)
    if text[end : end + 1] != ":":
        raise _bad("':'", text, end)
    members[key], end = _value(text, _blank(text, end + 1), depth)
    return _blank(text, end)


def _comma(text: str, at: int) -> int:
    if text[at : at + 1] != ",":
        raise _bad("','", text, at)
    return _blank(text, at + 1)
