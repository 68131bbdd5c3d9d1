"""Real exported keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.keys import KeyHome

from enve.errors import InputError
from enve.load.keyfile import read_key

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
