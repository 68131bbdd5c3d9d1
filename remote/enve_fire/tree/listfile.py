"""A listing as a file, quick to read: PATH NUL CONTENT NUL MODE NUL ..., below a line that says
what it is and its CRC-32."""

from __future__ import annotations

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.tree.listing import Listed

HEAD = b"enve-sums 1 "


def dumps(rows: Sequence[Listed]) -> bytes:
    """The bytes of such a file."""
    fields = [text for path, content, mode in rows for text in (path, content, "%o" % mode)]
    body = "\0".join(fields).encode()
    return HEAD + b"%d\n" % crc32(body) + body


def loads(data: bytes) -> list[Listed] | None:
    """None for what is damaged, or no listing."""
    head, _, body = data.partition(b"\n")
    if head != HEAD + b"%d" % crc32(body):
        return None
    fields = body.decode().split("\0") if body else []
    rows = zip(fields[0::3], fields[1::3], fields[2::3])  # noqa: B905  (3.8)
    return [[path, content, int(mode, 8)] for path, content, mode in rows]
