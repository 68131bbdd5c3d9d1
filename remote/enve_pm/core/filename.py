"""The file name that stands for the name of a unit or spot: `units/NAME`, `spots/NAME`."""

from __future__ import annotations

from enve_pm.core.address import dirname, is_plain


def quote(name: str) -> str:
    """`a/b` -> `a%2Fb`; a plain name stays itself."""
    return name if is_plain(name) else dirname(name)


def unquote(name: str) -> str:
    """The name that a file name stands for. Raises ValueError for one that `quote` never makes."""
    head, *rest = name.split("%")
    data = head.encode("ascii")
    for part in rest:
        data += bytes.fromhex(part[:2]) + part[2:].encode("ascii")
    text = data.decode("utf-8", "surrogatepass")
    if quote(text) != name:
        raise ValueError("%r is not the file name of a unit" % name)
    return text
