"""Bytes that are to be OpenPGP keys, looked at before gpg is: it unpacks what is compressed, and
takes hours over a hundred thousand user ids; either fits into a small file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from enve_pm.core.refusal import FormatError
from enve_pm.wire import openpgp

MOST = 1000  # packets
KEYS = (5, 6, 7, 14)  # secret, public, and their subkeys
BESIDE = (2, 12, 13, 17, *range(60, 64))  # signatures, trust, user ids, private use


def binary(data: bytes) -> bytes:
    """The keys without armor. Raises FormatError for what holds anything else, or too much."""
    if data.lstrip().startswith(b"-----"):
        data = b"".join(_blocks(data))
    count = 0
    for tag, _ in openpgp.packets(data):
        count += 1
        if tag not in (*KEYS, *BESIDE):
            raise FormatError(f"it holds a packet of kind {tag}, which is no part of a key")
        if count > MOST:
            raise FormatError(f"it holds more than {MOST} packets")
    if not count:
        raise FormatError("there is nothing in it")
    return data


def _blocks(text: bytes) -> Iterator[bytes]:
    """What each armor holds. The line with `=` at its start is a checksum, on which nothing
    rests."""
    lines: list[bytes] | None = None
    for line in map(bytes.strip, text.splitlines()):
        if line.startswith(b"-----BEGIN PGP"):
            lines = []
        elif line.startswith(b"-----END PGP") and lines is not None:
            yield _decoded(lines)
            lines = None
        elif lines is not None and b": " not in line and line[:1] != b"=":
            lines.append(line)


def _decoded(lines: list[bytes]) -> bytes:
    try:
        return base64.b64decode(b"".join(lines), validate=True)
    except binascii.Error:
        raise FormatError("its armor is broken") from None
