"""The user of a nested pm, who owns all files in its HOME, and the client of the pm around it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line

pytestmark = pytest.mark.real
FORGED = "\x9b31m\u202eX"  # U+009B begins a sequence, as ESC [ does


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name, Box(Path(name)) as box:
        box.load(line("pm1", kind="subpm", mode="root"), line("pm1.web"), line("other"))
        yield box


@pytest.fixture
def inner(box: Box) -> Path:
    return box.home / "spots/pm1"


def put(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)


def fifo(path: Path, _: str = "") -> None:
    """Somebody has it open: who reads it would wait."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    os.open(path, os.O_RDWR)


def elsewhere(path: Path, _: str = "") -> None:
    path.unlink(missing_ok=True)
    (path.parent / "secret").write_text("the secret of root")
    path.symlink_to(path.parent / "secret")


LINES = {
    "deep": "[" * 100_000,
    "a list": "[1]",
    "a number of needs": '{"needs": 5}',
    "needs in needs": '{"needs": [["a"]]}',
    "no name": json.dumps({"needs": [FORGED], "wants": ["a\nb"]}),
}


def all_of(box: Box, name: str) -> str:
    """What every command says that reads; none has a mistake of its own, and none waits."""
    told = ""
    for words in (["list-dependencies"], ["cat", name], ["why", name], ["logs", name], ["list"]):
        done = box.pm(*words, timeout=20)
        told += done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    return told


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_a_line_that_is_none(box: Box, inner: Path, text: str) -> None:
    put(inner / "units/web/parameter", text)
    told = all_of(box, "pm1.web")
    assert "other  RUNNING" in told  # the others are shown as ever
    assert all(sign.isprintable() or sign == "\n" for sign in told)


@pytest.mark.parametrize("bend", [fifo, elsewhere])
def test_no_file_at_all(box: Box, inner: Path, bend: Callable[[Path], None]) -> None:
    (job,) = [one for one in inner.glob("jobs/*") if (one / "pid").exists()]
    said = {"unit": "web", "command": 5, "step": {}, "wall": "x"}
    put(job / "parameter", json.dumps(said))
    for file in (job / "message", inner / "log/web.log", inner / "units/web/parameter"):
        bend(file)
    told = all_of(box, "pm1.web")
    assert "regular file" in told
    assert "secret" not in told
    bend(job / "parameter")
    all_of(box, "pm1.web")


def test_a_unit_that_no_pm_has_named(box: Box, inner: Path) -> None:
    (inner / "units/%1B%5B31m").mkdir()
    assert "other  RUNNING" in box.pm("list-dependencies").stdout


def test_what_a_unit_says_drives_no_terminal(box: Box) -> None:
    command = ["/no\x1b]0;title\x07such"]
    box.load(line("bad", command=command, restart="never"), status=3)
    told = box.pm("list").stdout + box.pm("restart", "bad").stderr
    assert "\x1b" not in told
    assert told.count("\\e]0;title\\x07") == 2
