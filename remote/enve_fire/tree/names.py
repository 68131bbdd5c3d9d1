"""Names of any bytes as text that JSON can hold, and back: what is no UTF-8 is written `\\xHH`, and
a backslash twice."""

from __future__ import annotations


def shown(name: bytes) -> str:
    """As text: what is no UTF-8 is \\xHH, and \\ itself is \\\\."""
    text = name.replace(b"\\", b"\\\\").decode("utf-8", "surrogateescape")
    if text.isascii():
        return text
    return "".join("\\x%02x" % (ord(c) - 0xDC00) if 0xDC80 <= ord(c) < 0xDD00 else c for c in text)


def real(text: str) -> bytes:
    """What `shown` made it of. Raises ValueError."""
    head, *rest = text.split("\\")
    pieces, rest = [head.encode()], rest[::-1]
    while rest:
        part = rest.pop()
        if part.startswith("x"):
            pieces.append(bytes.fromhex(part[1:3]) + part[3:].encode())
        elif part == "" and rest:
            pieces.append(b"\\" + rest.pop().encode())
        else:
            raise ValueError("no such name: %r" % text)
    return b"".join(pieces)
