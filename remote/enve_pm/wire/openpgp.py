"""OpenPGP packets, as far as a node looks at them before and beside gpgv (RFC 4880, 4 and 5.2).

Nothing here checks mathematics. A signature must have the one shape that a march makes: a bare
binary packet, version 4, class 00, a hash that counts. The issuer that it names only helps to
choose the key ring for gpgv, whose answer decides.
"""

from __future__ import annotations

from enve_pm.core.digest import sha1
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import SIGNATURE, FormatError, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

SIZE = 2 << 10
RING = 64 << 10
SIGNATURE_TAG, PUBLIC, SUBKEY = 2, 6, 14
HASHES = {8: "SHA256", 9: "SHA384", 10: "SHA512"}
_ISSUER, _ISSUER_FINGERPRINT = 16, 33

Ring = namedtuple("Ring", "primary keys")  # fingerprints, hex in upper case; keys: all of them


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet; only definite lengths."""
    at = 0
    while at < len(data):
        first = data[at]
        if not first & 0x80:
            raise FormatError("no OpenPGP packet at byte %d" % at)
        tag, size, start = _new(data, at) if first & 0x40 else _old(data, at)
        if start + size > len(data):
            raise FormatError("the OpenPGP packet at byte %d is cut short" % at)
        yield tag, data[start : start + size]
        at = start + size


def _old(data: bytes, at: int) -> tuple[int, int, int]:
    kind = data[at] & 3
    if kind == 3:
        raise FormatError("an OpenPGP packet of indefinite length at byte %d" % at)
    start = at + 1 + (1 << kind)
    return data[at] >> 2 & 15, _number(data, at + 1, start), start


def _new(data: bytes, at: int) -> tuple[int, int, int]:
    tag, first = data[at] & 63, _number(data, at + 1, at + 2)
    if first < 192:
        return tag, first, at + 2
    if first < 224:
        return tag, ((first - 192) << 8) + _number(data, at + 2, at + 3) + 192, at + 3
    if first < 255:
        raise FormatError("an OpenPGP packet of partial length at byte %d" % at)
    return tag, _number(data, at + 2, at + 6), at + 6


def _number(data: bytes, at: int, end: int) -> int:
    if end > len(data):
        raise FormatError("an OpenPGP packet is cut short at byte %d" % at)
    return int.from_bytes(data[at:end], "big")


def check(signature: bytes) -> str:
    """1: refuse what is no bare signature of the one shape; return the issuer it names: a
    fingerprint or key id in upper-case hex, "" when it names none."""
    if len(signature) > SIZE:
        raise Refused(SIGNATURE, "the signature is larger than %d bytes" % SIZE)
    try:
        found = list(packets(signature))
    except FormatError as error:
        raise Refused(SIGNATURE, "not a binary signature: %s" % error) from None
    if [tag for tag, _ in found] != [SIGNATURE_TAG]:
        raise Refused(SIGNATURE, "wanted one signature packet and nothing else")
    body = found[0][1]
    if len(body) < 10 or body[0] != 4:
        raise Refused(SIGNATURE, "wanted a signature of version 4")
    if body[1] != 0:
        raise Refused(SIGNATURE, "wanted a binary signature (class 00), found %02X" % body[1])
    if body[3] not in HASHES:
        raise Refused(SIGNATURE, "wanted one of the hashes " + " ".join(HASHES.values()))
    return _issuer(body)


def _issuer(body: bytes) -> str:
    """From the two areas of subpackets behind the algorithms."""
    named: dict[int, bytes] = {}
    at = 4
    for _ in range(2):
        size = int.from_bytes(body[at : at + 2], "big")
        named.update(_subpackets(body[at + 2 : at + 2 + size]))
        at += 2 + size
    fingerprint = named.get(_ISSUER_FINGERPRINT, b"")
    if len(fingerprint) == 21 and fingerprint[0] == 4:
        return fingerprint[1:].hex().upper()
    return named.get(_ISSUER, b"").hex().upper()


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, body) of each, until one does not fit: what is broken here names no issuer."""
    at = 0
    while at < len(area):
        size, at = area[at], at + 1
        if 192 <= size < 255:
            size, at = ((size - 192) << 8) + int.from_bytes(area[at : at + 1], "big") + 192, at + 1
        elif size == 255:
            size, at = int.from_bytes(area[at : at + 4], "big"), at + 4
        if size < 1 or at + size > len(area):
            return
        yield area[at] & 0x7F, area[at + 1 : at + size]
        at += size


def ring(data: bytes) -> Ring:
    """The fingerprints in a binary key ring that holds one primary key."""
    if len(data) > RING:
        raise FormatError("the key ring is larger than %d bytes" % RING)
    keys = [(tag, body) for tag, body in packets(data) if tag in (PUBLIC, SUBKEY)]
    if [tag for tag, _ in keys].count(PUBLIC) != 1 or keys[0][0] != PUBLIC:
        raise FormatError("wanted a key ring with one primary key")
    names = [fingerprint(body) for _, body in keys if body[:1] == b"\4"]
    if keys[0][1][:1] != b"\4":
        raise FormatError("wanted a primary key of version 4")
    return Ring(names[0], tuple(names))


def fingerprint(body: bytes) -> str:
    """Of a version 4 key packet. SHA-1 is what the format fixes; nothing rests on it here."""
    return sha1(b"\x99%b%b" % (len(body).to_bytes(2, "big"), body)).hexdigest().upper()


def issued_by(ring: Ring, issuer: str) -> bool:
    """Does the ring hold the key that a signature names? A key id ends a fingerprint."""
    return len(issuer) >= 16 and any(key.endswith(issuer) for key in ring.keys)
