"""`enve keys`: what people type, and what they read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from tests.support.keys import KeyHome

from enve.cli import keys as command
from enve.cli.main import run_command
from enve.errors import EnveError
from enve.model.trust import Key

NOW = 1_800_000_000
pytestmark = pytest.mark.real


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyHome]:
    with KeyHome() as made:
        monkeypatch.setenv("GNUPGHOME", str(made.path))
        yield made


def keys(*words: str) -> int:
    return run_command("keys", words, prog="enve keys")


def refused(*words: str) -> EnveError:
    with pytest.raises(EnveError) as caught:
        keys(*words)
    return caught.value


def test_from_a_new_key_to_a_blueprint(
    home: KeyHome,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert keys("new", "alice", "--no-passphrase") == 0
    made = capsys.readouterr().out
    assert made.startswith("alice\n  fingerprint  ")
    assert "secret half  here" in made
    file = tmp_path / "alice.asc"
    assert keys("export", "alice", str(file)) == 0
    assert file.read_text().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    with KeyHome() as other:
        monkeypatch.setenv("GNUPGHOME", str(other.path))
        assert keys("import", str(file)) == 0
        assert "warning: its secret half is not here" in capsys.readouterr().out
        assert keys("list") == 0
        assert capsys.readouterr().out.splitlines()[1].split()[1:3] == ["alice", "no"]


def test_lists_for_people_and_for_programs(
    home: KeyHome, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("list") == 0
    told = capsys.readouterr()
    assert (told.out.split(), told.err[:7]) == (
        ["FINGERPRINT", "NAME", "SIGNS", "EXPIRES"],
        "no keys",
    )
    for name in ("alice", "bob"):
        keys("new", name, "--no-passphrase", "--expires", "0")
    capsys.readouterr()
    assert keys("list", "bob", "--no-headers") == 0
    [row] = capsys.readouterr().out.splitlines()
    assert row.split()[1:] == ["bob", "yes", "never"]
    assert keys("list", "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [key["names"] for key in document["keys"]] == [["alice"], ["bob"]]
    assert refused("show").exit_code == 64
    assert keys("show", "bob", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["expires"] == 0


def test_export_goes_to_stdout_and_import_reads_stdin(
    home: KeyHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys("new", "alice", "--no-passphrase")
    capsys.readouterr()
    keys("export", "alice")
    armored = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(armored.encode())))
    assert keys("import", "-") == 0
    assert capsys.readouterr().out.startswith("alice\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 64),
        (("frob",), 64),
        (("new",), 64),
        (("new", "a\nb"), 64),
        (("new", "a", "--expires", "soon"), 64),
        (("show", "nobody"), 69),
        (("export", "nobody"), 69),
        (("import", "/nowhere"), 65),
        (("import", __file__), 65),
        (("import", "/dev/zero"), 65),
        (("list", "-o", "xml"), 64),
    ],
)
def test_wrong_words(home: KeyHome, words: tuple[str, ...], code: int) -> None:
    told = refused(*words)
    assert told.exit_code == code
    assert told.message


def test_a_file_without_a_key_is_named(home: KeyHome) -> None:
    told = refused("import", __file__)
    assert told.message == "no OpenPGP key in it: no OpenPGP packet at byte 0"
    assert str(told.where) == __file__


def test_a_ring_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", "/nonexistent")
    told = refused("new", "alice")
    assert (told.exit_code, told.message) == (
        69,
        "GNUPGHOME names /nonexistent, which is no folder",
    )


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (Key("A" * 40, ("a",), "ed25519", 1, NOW + 86_400 * 3, True), ["it expires in 3 days"]),
        (Key("A" * 40, ("a",), "ed25519", 1, NOW + 86_400 * 99, True), []),
        (Key("A" * 40, ("a",), "ed25519", 1, 0, True), []),
        (Key("A" * 40, ("a",), "ed25519", 1, 0, True, flaw="revoked"), ["of no use"]),
        (Key("A" * 40, (), "rsa", 1, 5, False, flaw="expired"), ["of no use", "its secret half"]),
    ],
)
def test_what_needs_care_is_said(key: Key, told: list[str]) -> None:
    found = command.warnings(key, NOW)
    assert [text[: len(start)] for text, start in zip(found, told, strict=True)] == told
