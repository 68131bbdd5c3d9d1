"""On a terminal: the live line, colours, questions; and none of them anywhere else."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.terminal import Terminal
from wcwidth import wcswidth

from enve.cli import color, confirm
from enve.cli.table import cut, table
from enve.core.printable import printable
from enve.errors import UsageError

STORY = """
import argparse, sys
from enve.cli import progress
from enve.model.report import *
args = argparse.Namespace(output="table", color="auto", verbose=0)
with progress.reporter(args) as report:
    report.emit(Begin("deploy", ("a", "b")))
    report.emit(Step("a", "connect"))
    report.emit(Step("b", "send"))
    report.emit(Result("a", "changed", "installed", 0.5))
    {middle}
    report.emit(Result("b", "failed", "no disk", 0.5, Problem("no disk", 3, hint="buy one")))
    report.emit(End(3))
sys.exit(report.code)
"""


def story(middle: str = "pass") -> list[str]:
    return [sys.executable, "-c", STORY.format(middle=middle)]


@pytest.mark.real
def test_a_live_line_below_the_answer() -> None:
    with Terminal(story("sys.stdin.readline()"), {}) as terminal:
        terminal.until("1 of 2   b send")
        terminal.type("\n")
        assert terminal.end() == 3
    plain = terminal.plain
    assert "a  installed" in plain
    assert "b  failed  " in plain
    assert "failed on 1 of 2 nodes: no disk" in plain
    assert plain.count("no disk") == 1
    assert plain.rstrip().endswith("1 deployed, 0 unchanged, 1 failed")


@pytest.mark.real
def test_the_answer_alone_goes_to_a_file(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as file:
        with Terminal(story(), {}, stdout=file.fileno()) as terminal:
            assert terminal.end() == 3
        file.seek(0)
        out = file.read()
    assert "\x1b" not in out
    assert [line.split()[0] for line in out.splitlines()] == ["a", "b", "1"]
    assert "failed on 1 of 2 nodes: no disk" in terminal.plain
    assert "installed" not in terminal.plain
    assert "b  failed: no disk" in out


@pytest.mark.real
@pytest.mark.parametrize(
    ("typed", "answer"), [("y", True), ("YES", True), ("", False), ("n", False)]
)
def test_a_question_in_the_middle(typed: str, answer: bool) -> None:
    with Terminal(story("print('ANSWER', report.ask('March?'), flush=True)"), {}) as terminal:
        terminal.until("March? [y/N] ")
        terminal.type(f"{typed}\n")
        terminal.until(f"ANSWER {answer}")
        assert terminal.end() == 3


@pytest.mark.real
def test_a_dumb_terminal_gets_lines_only() -> None:
    with Terminal(story(), {"TERM": "dumb"}) as terminal:
        assert terminal.end() == 3
        assert "\x1b" not in terminal.shown
    assert terminal.shown.count("no disk") == 1


@pytest.mark.real
def test_a_password_is_not_shown() -> None:
    code = "from enve.cli.confirm import password; print('GOT', len(password('sudo password')))"
    with Terminal([sys.executable, "-c", code], {}) as terminal:
        terminal.until("sudo password: ")
        terminal.type("geheim\n")
        terminal.until("GOT 6")
        assert "geheim" not in terminal.shown
        assert terminal.end() == 0


def test_no_terminal_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert confirm.ask("March?", assume=True)
    with pytest.raises(UsageError, match="needs a yes"):
        confirm.ask("March?")
    with pytest.raises(UsageError, match="no terminal"):
        confirm.password("sudo password")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("when", "env", "tty", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_to_colour(when: str, env: Mapping[str, str], tty: bool, coloured: bool) -> None:
    assert color.wanted(when, Tty() if tty else io.StringIO(), env) is coloured


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not color.is_terminal(stream)


cells = st.lists(st.lists(st.text(max_size=12).map(printable), min_size=3, max_size=3), min_size=1)


@given(cells)
def test_columns_are_aligned_and_nothing_is_lost(rows: list[list[str]]) -> None:
    lines = table(rows)
    assert len(lines) == len(rows)
    starts = [max(max(wcswidth(row[column]), 0) for row in rows) for column in range(2)]
    for line, row in zip(lines, rows, strict=True):
        padded = "".join(
            cell + " " * (width - max(wcswidth(cell), 0) + 2)
            for cell, width in zip(row, [*starts, 0], strict=True)
        )
        assert line == padded.rstrip()


@given(st.text(max_size=30).map(printable), st.integers(8, 40))
def test_a_cut_cell_fits(text: str, room: int) -> None:
    short = cut(text, room)
    assert max(wcswidth(short), 0) <= room
    assert short == text or short.endswith("…")


def test_styles_do_not_move_columns() -> None:
    rows = [["a", "x"], ["bbb", "y"]]
    styled = table(rows, style=lambda column, cell: f"\x1b[1m{cell}\x1b[0m")
    assert [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in styled] == table(rows)


@given(st.text())
def test_printable_is(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


def test_a_long_text_has_an_end() -> None:
    assert len(printable("x" * 10_000)) == 4099
    assert os.linesep not in printable("a\r\nb")
