"""Real exported keys."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.keys import KeyHome

from enve.errors import InputError
from enve.load.keyfile import read_key
from enve.trust.keyring import Keyring

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def home() -> Iterator[KeyHome]:
    with KeyHome() as made:
        made.make("alice")
        made.make("bob")
        yield made


def test_armored_and_binary_give_the_same(home: KeyHome, tmp_path: Path) -> None:
    fingerprint = home.fingerprint("alice")
    (tmp_path / "a.gpg").write_bytes(home.public(fingerprint))
    (tmp_path / "a.asc").write_bytes(home.gpg("--armor", "--export", fingerprint))
    binary, armored = read_key(tmp_path / "a.gpg"), read_key(tmp_path / "a.asc")
    assert binary == armored
    assert binary.fingerprint == fingerprint
    assert binary.ring == home.public(fingerprint)


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


def test_no_small_file_keeps_gpg_busy_for_hours(home: KeyHome, tmp_path: Path) -> None:
    """Compressed, or of very many user ids; and what a node would not take is no key here."""
    key = home.public(home.fingerprint("alice"))
    many = key + packet(13, b"a") * 20_000
    files = {
        "packed": (packet(8, b"\2" + zlib.compress(many)), "a packet of kind 8"),
        "many": (many, "more than 1000 packets"),
        "large": (key + packet(13, b"a" * 1800) * 40, "nodes would not take this key"),
        "broken": (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP", "armor is broken"),
    }
    for name, (data, told) in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=told):
            read_key(tmp_path / name)
    ring = Keyring(str(home.path))
    for name in ("packed", "many", "broken"):
        with pytest.raises(InputError, match=files[name][1]):
            ring.bring(files[name][0])
    both = home.gpg("--armor", "--export")
    assert len(ring.bring(both.replace(b"\n", b"\r\n"))) == 2


def test_what_is_not_one_public_key(home: KeyHome, tmp_path: Path) -> None:
    files = {
        "two": home.gpg("--export"),
        "secret": home.gpg("--export-secret-keys", "--armor", home.fingerprint("alice")),
        "garbage": b"\x00\x01\x02garbage" * 9,
        "empty": b"",
        "cut": home.public(home.fingerprint("alice"))[:40],
        "huge": b"x" * (257 << 10),
    }
    messages = {
        "two": "wanted one OpenPGP public key, found 2",
        "secret": "this is a secret key",
        "huge": "larger than 256 KiB",
        "gone": "cannot read",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in [*files, "gone"]:
        with pytest.raises(InputError) as caught:
            read_key(tmp_path / name)
        assert messages.get(name, "OpenPGP") in caught.value.message
        assert str(caught.value.where) == str(tmp_path / name)
