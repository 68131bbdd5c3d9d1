"""Errors as people see them: golden screens, and how several of them become one exit code."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import cases

from enve.cli import errors, snippet
from enve.cli.color import Paint
from enve.errors import EnveError, InputError, UsageError, Where


@pytest.mark.parametrize("case", cases.of("error_screens"))
def test_screen(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cases.parts(case)
    asked = json.loads(found[""])
    monkeypatch.chdir(tmp_path)
    Path("blueprint.yml").write_text(found["file"], encoding="utf-8")
    error = InputError(
        asked["message"],
        where=Where("blueprint.yml", asked["line"], asked["column"]),
        notes=tuple(asked.get("notes", ())),
        hint=asked.get("hint", ""),
    )
    assert snippet.render(error, Paint(on=False)) + "\n" == found["screen"]


def test_an_unreadable_file_is_no_second_error() -> None:
    error = InputError("wanted a file", where=Where("/nonexistent/x.yml", 3, 1))
    assert snippet.render(error, Paint(on=False)) == (
        "error: wanted a file\n  --> /nonexistent/x.yml:3:1"
    )


@given(text=st.text(max_size=200), line=st.integers(1, 5), column=st.integers(0, 300))
def test_any_file_any_place(
    tmp_path_factory: pytest.TempPathFactory, text: str, line: int, column: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    error = InputError(f"unknown '{text[:5]}'", where=Where(str(file), line, column))
    screen = snippet.render(error, Paint(on=False))
    assert len(screen.splitlines()) == len(screen.split("\n")) <= 4
    assert all(shown.isprintable() for shown in screen.split("\n"))


def test_equal_errors_are_shown_once() -> None:
    stream = io.StringIO()
    errors.show([EnveError("x", hint="y")] * 3 + [EnveError("z")], stream)
    assert stream.getvalue() == "error: x\n  y\nerror: z\n"


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (UsageError("a"), 64),
        (ExceptionGroup("g", [InputError("a"), ExceptionGroup("h", [InputError("b")])]), 65),
        (ExceptionGroup("g", [InputError("a"), UsageError("b")]), 65),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_code(raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.guard([], _raiser(raised)) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err


def test_a_bug_is_one_screen_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert errors.guard([], _raiser(RuntimeError("boom"))) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: unexpected: RuntimeError: boom\n  the traceback is in ")
    assert len(told.splitlines()) == 3
    (saved,) = (tmp_path / "enve/crash").iterdir()
    assert str(saved) in told
    assert saved.stat().st_mode & 0o077 == 0
    assert "RuntimeError: boom" in saved.read_text()


def test_a_bug_where_nothing_can_be_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc/none")
    assert errors.guard([], _raiser(RuntimeError("boom"))) == 1
    assert "could not be saved" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]]
)
def test_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    error = InputError("a", where=Where("f.yml", 3, 4), notes=("n",), hint="h")
    assert errors.guard(words, _raiser(error)) == 65
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "v": 1,
        "errors": [
            {
                "message": "a",
                "code": 65,
                "kind": "",
                "where": {"file": "f.yml", "line": 3, "column": 4},
                "notes": ["n"],
                "hint": "h",
            }
        ],
    }
    assert told.err.startswith("error: a\n")


def test_jsonl(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("g", [UsageError("a"), UsageError("b")])
    assert errors.guard(["x", "-o", "jsonl"], _raiser(group)) == 64
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["message"]) for line in lines] == [("error", "a"), ("error", "b")]


def test_words_behind_two_dashes_are_no_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.guard(["--", "-o", "json"], _raiser(UsageError("a"))) == 64
    assert capsys.readouterr().out == ""


def _raiser(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command
