"""Keys: made, found, imported, exported, and signing with them."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.keys import KeyHome

from enve.errors import EnveError, InputError, MissingError, UsageError
from enve.model.trust import Key, spaced
from enve.trust import gnupg, gpgv
from enve.trust.keyrecord import matching, record
from enve.trust.keyring import Keyring, parameters

Listed = dict[str, Any]


def key(fingerprint: str, *names: str) -> Key:
    return Key(fingerprint, names, "ed25519", 0)


KEYS = [key("A" * 32 + "00000001", "alice"), key("B" * 32 + "00000002", "Alice B", "bob")]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("alice", [0]),  # a whole name wins over a part of another
        ("ALICE", [0, 1]),
        ("bob", [1]),
        ("00000002", [1]),
        ("0x00000001", [0]),
        ("AAAA AAAA" + "A" * 24 + "0000 0001", [0]),
        ("carol", []),
        ("", []),
        ("12345678", []),
    ],
)
def test_a_selector_means_keys(selector: str, found: list[int]) -> None:
    assert matching(KEYS, selector) == [KEYS[at] for at in found]


def listed(cap: str, token: str, *, trust: str = "u", date: int = 1, expires: int = 0) -> Listed:
    """A row as gpg lists it among the secret keys. `token`: + here, # not here, else a card."""
    row = {"cap": cap, "token": token, "trust": trust, "date": str(date), "algo": "1"}
    return {**row, "expires": str(expires or ""), "length": "2048"}


HERE, AWAY, CARD = "+", "#", "D2760001240111503131990"
EARLIER = listed("s", HERE, date=2)
# primary, subkeys -> signs here, on a card, expires
SIGNING: dict[str, tuple[Listed, list[Listed], tuple[bool, bool, int]]] = {
    "a key alone": (listed("scSC", HERE), [], (True, False, 0)),
    "on a card": (listed("scSC", CARD), [], (True, True, 0)),
    "elsewhere": (listed("scSC", AWAY), [], (False, False, 0)),
    "subkey on a card, primary in a safe": (
        *(listed("cSC", AWAY), [listed("s", CARD, expires=7)]),
        (True, True, 7),
    ),
    "the sooner end": (
        listed("cSC", HERE, expires=5),
        [listed("s", CARD, expires=7)],
        (True, True, 5),
    ),
    "the newest": (listed("scSC", HERE), [EARLIER, listed("s", CARD, date=3)], (True, True, 0)),
    "the newest that is here": (
        listed("cSC", HERE),
        [EARLIER, listed("s", AWAY, date=3)],
        (True, False, 0),
    ),
    "the newest that is good": (
        *(listed("cSC", HERE), [EARLIER, listed("s", CARD, trust="r", date=3)]),
        (True, False, 0),
    ),
    "no subkey for signing": (listed("scSC", HERE), [listed("e", CARD)], (True, False, 0)),
    "the half that signs is elsewhere": (
        listed("cSC", HERE),
        [listed("s", AWAY)],
        (False, False, 0),
    ),
    "over, and still ours": (listed("sc", HERE, trust="e", expires=5), [], (True, False, 5)),
}


@pytest.mark.parametrize("case", SIGNING)
def test_what_signs_for_a_key(case: str) -> None:
    primary, subkeys, wanted = SIGNING[case]
    rows = {str(at): row for at, row in enumerate(subkeys)}
    entry = {**primary, "fingerprint": "A" * 40, "uids": ["alice"], "subkey_info": rows}
    found = record(entry, {"A" * 40: entry})
    assert (found.secret, found.card, found.expires) == wanted
    assert not record(entry, {}).secret


@pytest.mark.real
def test_a_terminal_without_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose terminal was made outside of it."""
    main, terminal = os.openpty()

    def nameless(_: int) -> str:
        raise OSError(errno.ENODEV, "No such device")

    with os.fdopen(main), os.fdopen(terminal) as stdin, KeyHome() as home:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr(os, "ttyname", nameless)
        assert Keyring(str(home.path)).all() == []


def test_fingerprints_are_readable() -> None:
    assert KEYS[0].short == "AAAA..0001"
    assert spaced(KEYS[0].fingerprint).endswith(" AAAA 0000 0001")


def test_a_key_signs_only_and_is_protected_unless_said() -> None:
    assert "%no-protection" not in parameters("alice", "0", True)
    text = parameters("alice", "2y", False)
    assert "Key-Usage: sign\n" in text
    assert "%no-protection\n" in text


@pytest.fixture(scope="module")
def home() -> Iterator[KeyHome]:
    with KeyHome() as made:
        yield made


@pytest.fixture(scope="module")
def ring(home: KeyHome) -> Keyring:
    return Keyring(str(home.path))


@pytest.fixture(scope="module")
def alice(ring: Keyring) -> Key:
    return ring.make("alice", protect=False)


@pytest.mark.real
def test_a_new_key_is_ed25519_and_signs_nothing_but_what_it_is_given(
    ring: Keyring, alice: Key
) -> None:
    assert (alice.algorithm, alice.secret, alice.flaw, alice.expires) == ("ed25519", True, "", 0)
    signer = gnupg.choose(ring, "alice")
    signature = signer.sign(b"head")
    assert gpgv.check(b"head", signature, ring.export(alice)) == alice.fingerprint


@pytest.mark.real
def test_the_same_name_twice_is_refused(ring: Keyring, alice: Key) -> None:
    with pytest.raises(InputError, match="already"):
        ring.make(alice.name, protect=False)


@pytest.mark.real
@pytest.mark.parametrize("name", ["", " a", "a\nName-Real: b", "a<b>", "x" * 101])
def test_a_name_that_gpg_could_misread_is_refused(ring: Keyring, name: str) -> None:
    with pytest.raises(UsageError):
        ring.make(name, protect=False)


@pytest.mark.real
@pytest.mark.parametrize("expires", ["soon", "-1", "1h", "2027-6-1", "0\n%ask"])
def test_an_expiry_is_a_date_or_a_span(ring: Keyring, expires: str) -> None:
    with pytest.raises(UsageError):
        ring.make("never", expires=expires, protect=False)


@pytest.mark.real
def test_a_public_key_travels_and_cannot_sign_elsewhere(ring: Keyring, alice: Key) -> None:
    with KeyHome() as other:
        away = Keyring(str(other.path))
        assert away.all() == []
        with pytest.raises(MissingError, match="no key here"):
            gnupg.choose(away)
        [brought] = away.bring(ring.export(alice, armor=True))
        assert (brought.fingerprint, brought.secret) == (alice.fingerprint, False)
        with pytest.raises(MissingError, match="secret half"):
            gnupg.choose(away, "alice")
        with pytest.raises(InputError, match="no OpenPGP key"):
            away.bring(b"garbage")


@pytest.mark.real
def test_the_only_usable_key_is_chosen_and_two_must_be_named() -> None:
    with KeyHome() as made:
        ring = Keyring(str(made.path))
        first = ring.make("first", protect=False)
        assert gnupg.choose(ring).key == first
        ring.make("second", expires="90d", protect=False)
        with pytest.raises(UsageError, match="2 keys can sign"):
            gnupg.choose(ring)
        assert gnupg.choose(ring, "second").key.expires > time.time() + 80 * 86_400


@pytest.mark.real
def test_expired_and_revoked_keys_are_of_no_use() -> None:
    with KeyHome() as made:
        made.gpg(
            *("--faked-system-time", "20200101T000000!", "--passphrase", ""),
            *("--quick-gen-key", "old", "ed25519", "sign", "30d"),
        )
        gone = made.make("gone")
        certificate = (made.path / "openpgp-revocs.d" / f"{gone}.rev").read_text()
        made.gpg("--import", data=certificate.replace(":-----BEGIN", "-----BEGIN").encode())
        ring = Keyring(str(made.path))
        flaws = {key.name: key.flaw for key in ring.all()}
        assert flaws == {"old": "expired", "gone": "revoked"}
        for name in flaws:
            with pytest.raises(EnveError, match="no use"):
                gnupg.choose(ring, name)
