"""`pm logs -n` in the middle of a rotation: the log has two names, or for a moment none."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.client import logs
from enve_pm.shell.words import Failure


def write(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    return str(folder / "web.log")


@pytest.mark.parametrize(
    "files",
    [
        {"web.log": "c\n", "web.log.1": "b\n", "web.log.2": "a\n"},
        {"web.log": "b\nc\n", "web.log.2": "a\n"},  # .1 has become .2
        {"web.log.1": "b\nc\n", "web.log.2": "a\n"},  # and the log .1; nothing printed since
    ],
)
def test_a_name_is_free_while_files_move(tmp_path: Path, files: dict[str, str]) -> None:
    path = write(tmp_path, files)
    assert b"".join(logs.last(path, 9)) == b"a\nb\nc\n"
    assert b"".join(logs.last(path, 2)) == b"b\nc\n"


def test_a_log_that_moves_between_two_looks_is_shown_once(tmp_path: Path) -> None:
    path = write(tmp_path, {"web.log": "b\n", "web.log.2": "a\n"})
    os.link(path, f"{path}.1")
    assert b"".join(logs.last(path, 9)) == b"a\nb\n"


@given(st.lists(st.text("ab\n", max_size=40), min_size=1, max_size=3), st.integers(0, 12))
def test_these_are_the_last_lines(texts: list[str], count: int) -> None:
    """Of logs that end with a line, as the logger rotates them; the newest may not."""
    texts[1:] = [text and text.rstrip("\n") + "\n" for text in texts[1:]]
    with tempfile.TemporaryDirectory() as folder:
        names = [f"web.log.{number}" if number else "web.log" for number in range(len(texts))]
        path = write(Path(folder), dict(zip(names, texts, strict=True)))
        whole = "".join(reversed(texts)).encode().splitlines(keepends=True)
        wanted = whole[-count:] if count else []
        assert b"".join(logs.last(path, count)) == b"".join(wanted)


def test_no_log_is_taken_into_memory(tmp_path: Path) -> None:
    path = write(tmp_path, {"web.log": "", "web.log.1": "a\n"})
    os.truncate(path, 1 << 40)
    begun = time.monotonic()
    assert b"".join(logs.last(path, 5, 1 << 20)) == bytes(1 << 20)
    assert time.monotonic() - begun < 5


def test_what_is_followed_is_there_in_the_middle_of_a_rotation(tmp_path: Path) -> None:
    path = write(tmp_path, {"web.log.1": "a\n"})
    following = logs.follow(path, logs._open(path, "web"))
    (tmp_path / "web.log").write_text("b\n")
    assert next(following) == b"b\n"


def test_a_unit_that_has_not_printed_has_no_lines_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "units/web").mkdir(parents=True)
    assert logs.run(["web", "--home", str(tmp_path)]) == 0
    assert capsysbinary.readouterr().out == b""
    path = str(tmp_path / "web.log")
    monkeypatch.setattr(logs.time, "sleep", lambda _: write(tmp_path, {"web.log": "a\n"}))
    assert next(logs.follow(path, logs._open(path, "web"))) == b"a\n"


def test_no_such_unit_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no unit web"):
        logs.run(["web", "--home", str(tmp_path)])
