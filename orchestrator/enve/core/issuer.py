"""Whose key a detached OpenPGP signature names: a claim for display, never a verification."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

ISSUER_FINGERPRINT = 33
ISSUER_KEY_ID = 16


def issuer(signature: str) -> str:
    """`9F2C..41AB` of a binary signature in base64; "" when it names no key."""
    try:
        packet = base64.b64decode(signature, validate=True)
        found = dict(_subpackets(_body(packet)))
    except (ValueError, binascii.Error, IndexError):
        return ""
    fingerprint = found.get(ISSUER_FINGERPRINT, b"")[1:]
    named = (fingerprint or found.get(ISSUER_KEY_ID, b"")).hex().upper()
    return f"{named[:4]}..{named[-4:]}" if len(named) >= 16 else ""


def _body(packet: bytes) -> bytes:
    """The body of the first packet, which has to be a signature (tag 2) of version 4."""
    new = packet[0] & 0x40
    tag = packet[0] & 0x3F if new else (packet[0] >> 2) & 0x0F
    body = packet[1 + (_new_length(packet) if new else (1, 2, 4)[packet[0] & 3]) :]
    if not packet[0] & 0x80 or tag != 2 or body[0] != 4:
        raise ValueError("no signature of version 4")
    return body


def _new_length(packet: bytes) -> int:
    return 1 if packet[1] < 192 else 2 if packet[1] < 224 else 5


def _subpackets(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Both areas, the hashed one last: it wins."""
    hashed = int.from_bytes(body[4:6], "big")
    plain = body[6 + hashed :]
    loose = int.from_bytes(plain[:2], "big")
    yield from _area(plain[2 : 2 + loose])
    yield from _area(body[6 : 6 + hashed])


def _area(area: bytes) -> Iterator[tuple[int, bytes]]:
    while area:
        size = _new_length(b"\0" + area[:1])
        length = area[0]
        if size == 2:
            length = ((area[0] - 192) << 8) + area[1] + 192
        elif size == 5:
            length = int.from_bytes(area[1:5], "big")
        if not 0 < length <= len(area) - size:
            raise ValueError("a subpacket longer than its area")
        yield area[size] & 0x7F, area[size + 1 : size + length]
        area = area[size + length :]
