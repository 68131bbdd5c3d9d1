"""The file name that stands for a unit's or a spot's name: `units/NAME`, `spots/NAME`, `log/NAME`.

Every name in use stays itself; what could leave its folder or confuse a shell is written %XX.
"""

from __future__ import annotations

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.!@+=,")


def quote(name: str) -> str:
    """`a/b` -> `a%2Fb`; a leading dot is quoted too, so `..` cannot come out."""
    data = name.encode("utf-8", "surrogateescape")
    text = "".join(chr(byte) if byte in PLAIN else "%%%02X" % byte for byte in data)
    return "%2E" + text[1:] if text.startswith(".") else text


def unquote(name: str) -> str:
    """The name that a file name stands for. Raises ValueError for one that `quote` never makes."""
    head, *rest = name.split("%")
    data = head.encode("ascii")
    for part in rest:
        data += bytes.fromhex(part[:2]) + part[2:].encode("ascii")
    text = data.decode("utf-8", "surrogateescape")
    if quote(text) != name:
        raise ValueError("%r is not the file name of a unit" % name)
    return text
