"""gpgv's answers: what counts as one clean signature."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.keys import KeyHome

from enve.trust import gpgv

FPR = "A" * 40
CLEAN = [
    "[GNUPG:] NEWSIG",
    "[GNUPG:] GOODSIG AAAAAAAAAAAAAAAA alice",
    f"[GNUPG:] VALIDSIG {FPR} 2026-01-01 1767225600 0 4 0 22 10 00 {FPR}",
]


def test_one_clean_signature_gives_the_primary_fingerprint() -> None:
    assert gpgv.judge(CLEAN) == FPR


@pytest.mark.parametrize("word", sorted(gpgv.FATAL))
@pytest.mark.parametrize("at", range(4))
def test_any_fatal_word_refuses(word: str, at: int) -> None:
    with pytest.raises(gpgv.BadSignature, match=word):
        gpgv.judge([*CLEAN[:at], f"[GNUPG:] {word} x", *CLEAN[at:]])


@pytest.mark.parametrize("at", range(3))
def test_a_missing_or_doubled_line_refuses(at: int) -> None:
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge([*CLEAN[:at], *CLEAN[at + 1 :]])
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge([*CLEAN, CLEAN[at]])


def test_words_inside_a_user_id_are_not_status() -> None:
    tricky = [CLEAN[0], "[GNUPG:] GOODSIG AAAAAAAAAAAAAAAA BADSIG [GNUPG:] VALIDSIG x", CLEAN[2]]
    assert gpgv.judge(["gpgv: [GNUPG:] BADSIG", *tricky]) == FPR


@pytest.mark.parametrize(("field", "value"), [(8, "2"), (8, "11"), (9, "01"), (9, "0")])
def test_hash_and_class_are_fixed(field: int, value: str) -> None:
    row = CLEAN[2].split()
    row[field + 1] = value
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge([*CLEAN[:2], " ".join(row)])


def test_a_key_that_expired_since_is_no_flaw_of_what_was_accepted_before() -> None:
    old = ["[GNUPG:] KEYEXPIRED 1", CLEAN[0], CLEAN[1].replace("GOODSIG", "EXPKEYSIG"), CLEAN[2]]
    assert gpgv.judge(old, past=True) == FPR
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge(old)
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge([*old, "[GNUPG:] REVKEYSIG x"], past=True)
    with pytest.raises(gpgv.BadSignature):
        gpgv.judge([*old, CLEAN[1]], past=True)


@pytest.fixture(scope="module")
def home() -> Iterator[KeyHome]:
    with KeyHome() as made:
        yield made


@pytest.fixture(scope="module")
def alice(home: KeyHome) -> str:
    return home.make("alice")


@pytest.mark.real
def test_a_real_signature_verifies_and_changed_bytes_do_not(home: KeyHome, alice: str) -> None:
    signature = home.sign(alice, b"data")
    assert gpgv.check(b"data", signature, home.public(alice)) == alice
    with pytest.raises(gpgv.BadSignature, match="BADSIG"):
        gpgv.check(b"datA", signature, home.public(alice))


@pytest.mark.real
@pytest.mark.parametrize(
    "options", [("--armor",), ("--textmode",), ("--digest-algo", "SHA1")], ids=str
)
def test_other_kinds_of_signature_do_not_count(
    home: KeyHome, alice: str, options: tuple[str, ...]
) -> None:
    with pytest.raises(gpgv.BadSignature):
        gpgv.check(b"data", home.sign(alice, b"data", *options), home.public(alice))


@pytest.mark.real
def test_doubled_foreign_cut_and_empty_signatures_do_not_count(home: KeyHome, alice: str) -> None:
    stranger = home.make("stranger")
    good = home.sign(alice, b"data")
    ring = home.public(alice)
    for bad in (good + good, home.sign(stranger, b"data"), good[:-1], b"", b"x" * 100, good * 30):
        with pytest.raises(gpgv.BadSignature):
            gpgv.check(b"data", bad, ring)
