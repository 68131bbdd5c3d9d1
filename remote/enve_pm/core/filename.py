"""The file name that stands for the name of a unit or spot: `units/NAME`, `spots/NAME`.

Names without other signs stay themselves; what could leave its folder or confuse a shell is %XX.
"""

from __future__ import annotations

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_KEPT = frozenset(map(ord, PLAIN)) | frozenset(b".!@+=,")


def quote(name: str, kept: frozenset[int] = _KEPT) -> str:
    """`a/b` -> `a%2Fb`; a leading dot is quoted too, so `..` cannot come out. `kept`: bytes that
    stay as they are; PLAIN is among them, `%` is not."""
    if PLAIN.issuperset(name):
        return name
    data = name.encode("utf-8", "surrogatepass")
    text = "".join([chr(byte) if byte in kept else "%%%02X" % byte for byte in data])
    return "%2E" + text[1:] if text.startswith(".") else text


def unquote(name: str) -> str:
    """The name that a file name stands for. Raises ValueError for one that `quote` never makes."""
    text = plain(name)
    if quote(text) != name:
        raise ValueError("%r is not the file name of a unit" % name)
    return text


def plain(text: str) -> str:
    """What `quote` made it of, whatever it kept. Raises ValueError."""
    head, *rest = text.split("%")
    data = head.encode("ascii")
    for part in rest:
        data += bytes.fromhex(part[:2]) + part[2:].encode("ascii")
    return data.decode("utf-8", "surrogatepass")
