"""`enve store`: the words go to the code of the node, and errors come back as enve's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.here import Enve, enve_in


@pytest.fixture
def enve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Enve:
    monkeypatch.setenv("ENVE_STORE", str(tmp_path / "store"))

    enve = enve_in(tmp_path, monkeypatch, capsys)
    return lambda *words: enve("store", *words)


def test_the_path_and_nothing_else(enve: Enve) -> None:
    words = ("get", "--title", "x", "--", "sh", "-c", "echo $1 > $OUT/x", "sh", "--title")
    code, out, err = enve(*words)
    assert code == 0 and err.startswith("making ")
    path = Path(out.removesuffix("\n"))
    assert (path / "x").read_text() == "--title\n"
    assert enve(*words) == (0, out, "")


def test_json(enve: Enve) -> None:
    assert json.loads(enve("list", "-o", "json")[1]) == {"entries": [], "v": 1}
    enve("get", "--", "touch $OUT/x")
    listed = json.loads(enve("list", "-o", "json")[1])["entries"]
    assert [one["catalog"] for one in listed] == ["any"]
    assert json.loads(enve("gc", "-o", "json")[1]) == {"bytes": 0, "entries": [], "left": 0, "v": 1}


def test_errors_are_as_everywhere(enve: Enve) -> None:
    code, out, err = enve("lsit")
    assert (code, out) == (64, "") and err.startswith("error: store: wanted one of list")
    assert "did you mean list?" in err
    code, _, err = enve("get", "--", "echo no such thing; exit 7")
    assert code == 3 and "no such thing" in err and "/.failed/" in err
    assert err.count("/.failed/") == 1, "the log is named once"
    code, _, err = enve("get", "--text", "x")
    assert code == 87 and "say how it is made" in err


def test_what_the_system_refuses_is_no_bug(enve: Enve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVE_STORE", "/proc/none")
    code, _, err = enve("get", "--", "touch $OUT/x")
    assert code == 69
    assert err.startswith("error: the store /proc/none cannot be written to: ")


def test_nothing_is_exported_to_nowhere(enve: Enve, tmp_path: Path) -> None:
    code, _, err = enve("export", "x", str(tmp_path / "no"), "--sign-with", "me")
    assert (code, f"{tmp_path}/no: wanted a folder" in err) == (64, True)


def test_help(enve: Enve) -> None:
    told = enve("--help")[1]
    assert enve("help")[1].startswith("store list")
    assert enve("help")[1].strip() in told
    assert told.startswith("usage: enve store")
    assert "87 not in the store" in told


def test_an_entry_that_is_not_there_is_87_whatever_is_asked_of_it(enve: Enve) -> None:
    for words in (("path", "no"), ("meta", "no"), ("keep", "no"), ("gc", "--why", "no")):
        code, _, err = enve(*words)
        assert (code, "enve store list shows all" in err) == (87, True), words
