"""The one shape of a signature, and what gpgv may say about it: pure, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.refusal import KEYHOLE, SIGNATURE, FormatError, Refused
from enve_pm.wire import gpgv, openpgp

FPR = "0123456789ABCDEF0123456789ABCDEF01234567"


def subpacket(kind: int, body: bytes) -> bytes:
    return bytes([len(body) + 1, kind]) + body


def body(
    version: int = 4, kind: int = 0, digest: int = 8, hashed: bytes = b"", more: bytes = b""
) -> bytes:
    areas = len(hashed).to_bytes(2, "big") + hashed + len(more).to_bytes(2, "big") + more
    return bytes([version, kind, 22, digest]) + areas + b"\x12\x34" + b"\0\7\x55" * 2


ISSUER = subpacket(33, b"\4" + bytes.fromhex(FPR))
KEYID = subpacket(16, bytes.fromhex(FPR)[-8:])
GOOD = body(hashed=subpacket(2, b"time") + ISSUER, more=KEYID)


def old(content: bytes, tag: int = 2) -> bytes:
    if len(content) < 256:
        return bytes([0x80 | tag << 2, len(content)]) + content
    return bytes([0x81 | tag << 2]) + len(content).to_bytes(2, "big") + content


def new(content: bytes, tag: int = 2) -> bytes:
    size = len(content)
    if size < 192:
        return bytes([0xC0 | tag, size]) + content
    if size < 8384:
        return bytes([0xC0 | tag, (size - 192 >> 8) + 192, size - 192 & 255]) + content
    return bytes([0xC0 | tag, 255]) + size.to_bytes(4, "big") + content


def test_good_ones() -> None:
    assert openpgp.check(old(GOOD)) == FPR
    assert openpgp.check(new(GOOD)) == FPR
    assert openpgp.check(b"\x8a" + len(GOOD).to_bytes(4, "big") + GOOD) == FPR
    assert openpgp.check(new(body(hashed=bytes(300)))) == ""
    assert openpgp.check(old(body(more=KEYID))) == FPR[-16:]
    assert openpgp.check(old(body())) == ""
    for digest in (8, 9, 10):
        assert openpgp.check(old(body(digest=digest))) == ""


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x00",
        b"-----BEGIN PGP SIGNATURE-----\n",
        old(GOOD) + old(GOOD),
        old(GOOD) + b"\n",
        old(GOOD, tag=4) + old(GOOD),
        old(GOOD, tag=1),
        new(GOOD, tag=60),
        b"\x8b" + GOOD,
        b"\xc2\xe1\x00\x00" + GOOD,
        old(body(version=3)),
        old(body(version=5)),
        old(body(version=6)),
        old(body(kind=1)),
        old(body(kind=0x10)),
        old(body(digest=1)),
        old(body(digest=2)),
        old(body(digest=3)),
        old(body(digest=11)),
        old(b"\4\0"),
        new(bytes(3000)),
        new(GOOD) + bytes(2048),
    ],
    ids=range(22),
)
def test_bad_ones(signature: bytes) -> None:
    with pytest.raises(Refused) as refused:
        openpgp.check(signature)
    assert refused.value.code == SIGNATURE


def test_every_cut() -> None:
    for one in (old(GOOD), new(GOOD), new(body(hashed=bytes(300)))):
        for end in range(len(one)):
            with pytest.raises(Refused):
                openpgp.check(one[:end])


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    for signature in (data, new(b"\4\0\x16\x08" + data), old(body(hashed=data))):
        try:
            issuer = openpgp.check(signature)
        except Refused:
            continue
        assert issuer == "" or len(issuer) % 2 == 0
    try:
        openpgp.ring(data)
    except FormatError:
        return


def test_rings() -> None:
    key = b"\4" + b"time" + b"\x16rest"
    names = openpgp.ring(
        old(key, 6) + old(b"alice", 13) + old(GOOD) + new(key + b"s", 14) + old(GOOD)
    )
    assert names.primary == openpgp.fingerprint(key) == names.keys[0]
    assert len(names.keys) == 2
    assert openpgp.issued_by(names, names.keys[1])
    assert openpgp.issued_by(names, names.keys[1][-16:])
    assert not openpgp.issued_by(names, names.keys[1][-8:])
    assert not openpgp.issued_by(names, "")
    for bad in (
        b"",
        old(key, 14),
        old(key, 6) * 2,
        old(key, 14) + old(key, 6),
        old(b"\5" + key, 6),
        old(key, 6)[:-1],
    ):
        with pytest.raises(FormatError):
            openpgp.ring(bad)
    with pytest.raises(FormatError, match="larger"):
        openpgp.ring(bytes(openpgp.RING + 1))


# -- gpgv's status --------------------------------------------------------------------------------
VALID = f"VALIDSIG {FPR} 2026-01-01 1767225600 0 4 0 22 8 00 {FPR}"
STATUS = (
    "NEWSIG",
    f"KEY_CONSIDERED {FPR} 0",
    "SIG_ID x 2026-01-01 1",
    "GOODSIG 89ABCDEF01234567 Alice <a@b>",
    VALID,
)


def status(*rows: str) -> bytes:
    return "".join(f"[GNUPG:] {row}\n" for row in rows).encode()


def test_a_good_status() -> None:
    gpgv.check(0, status(*STATUS), FPR)
    gpgv.check(0, status(*STATUS, "VERIFICATION_COMPLIANCE_MODE 23"), FPR)
    planted = "GOODSIG 1 [GNUPG:] BADSIG NO_PUBKEY"  # in a user id it is only a word
    gpgv.check(0, status(*STATUS[:3], planted, VALID), FPR)


@pytest.mark.parametrize("word", gpgv.NEVER)
def test_words_that_end_it(word: str) -> None:
    for code in (0, 1, 2):
        with pytest.raises(Refused) as refused:
            gpgv.check(code, status(*STATUS, f"{word} x"), FPR)
        assert refused.value.code in (SIGNATURE, KEYHOLE)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, status(*STATUS)),
        (-9, status(*STATUS)),
        (127, b""),
        (0, b""),
        *((0, status(*STATUS, one)) for one in (STATUS[0], STATUS[3], STATUS[4])),
        *(
            (0, status(*(row for row in STATUS if row != one)))
            for one in (STATUS[0], STATUS[3], VALID)
        ),
        (0, status(*STATUS)[:-1]),
        (0, status(*STATUS) + b"x"),
        (0, b"\n" + status(*STATUS)),
        (0, b"NEWSIG\n" + status(*STATUS)),
        (0, status(*STATUS) + b"[GNUPG:]\n"),
        (0, status(*STATUS).replace(b"[GNUPG:] GOOD", b" [GNUPG:] GOOD")),
        (0, status(*STATUS[:4], VALID.replace(" 00 ", " 01 "))),
        (0, status(*STATUS[:4], VALID.replace(" 22 8 ", " 22 2 "))),
        (0, status(*STATUS[:4], VALID.replace(" 0 4 ", " 0 3 "))),
        (0, status(*STATUS[:4], VALID[:-1] + "8")),
        (0, status(*STATUS[:4], VALID + " x")),
        (0, status(*STATUS[:4], VALID.rpartition(" ")[0])),
        (0, status(*STATUS) + b"[GNUPG:] x" * gpgv.SIZE),
    ],
)
def test_anything_else_is_no(code: int, said: bytes) -> None:
    with pytest.raises(Refused):
        gpgv.check(code, said, FPR)


def test_every_cut_of_the_status() -> None:
    said = status(*STATUS)
    for end in range(len(said)):
        with pytest.raises(Refused):
            gpgv.check(0, said[:end], FPR)
