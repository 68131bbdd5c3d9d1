"""The user of a nested pm, who owns all files in its HOME, and the client of the pm around it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line

from enve_pm.client import graph, read

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


def test_no_descriptor_is_left_of_a_look(tmp_path: Path) -> None:
    row = {"state": "RUNNING", "kind": "subpm"}
    (tmp_path / "public").mkdir()
    (tmp_path / "public/status.json").write_text(json.dumps({"v": 1, "units": {"pm1": row}}))
    for folder in ("units/pm1", "spots/pm1/units/web"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "parameter").write_text("{}")
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert sorted(graph.load(str(tmp_path))) == ["pm1", "pm1.web"]
    assert read.parameter(str(tmp_path), ("pm1", "web")) == {}
    assert len(list(Path("/proc/self/fd").iterdir())) == before


STATES = [
    {"units": 5},
    {"units": {FORGED: {}}},
    {"units": {"web": 5}},
    {"units": {"web": {"state": 5, "result": {}, "since": "x", "why": [], "detail": 7}}},
    {"units": {"web": {"state": FORGED, "result": FORGED, "since": 1, "detail": FORGED}}},
    {"pid": float("inf"), "units": {}},
    {"version": FORGED, "hash": FORGED, "units": {}},
]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another login")
@pytest.mark.parametrize("states", STATES)
def test_what_another_login_s_pm_shows(box: Box, tmp_path: Path, states: dict[str, Any]) -> None:
    for folder in ("public/sub", "units/web"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("status", "sub/x"):
        (tmp_path / f"public/{name}.json").write_text(json.dumps({"v": 1, **states}))
    (tmp_path / "units/web/parameter").write_text('{"name":"web","v":1}')
    os.chown(tmp_path, 1, 1)
    for words in (["list"], ["status"], ["why", "web"], ["list-dependencies"], ["start", "web"]):
        done = box.pm(*words, "--home", str(tmp_path))
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert all(sign.isprintable() or sign == "\n" for sign in said)


def test_an_order_goes_into_a_pipe_only(box: Box, tmp_path: Path) -> None:
    """However the way there is bent between two looks."""
    (tmp_path / "secret").write_text("the secret of root")
    (tmp_path / "input").symlink_to("secret")
    assert box.pm("start", "web", "--home", str(tmp_path)).returncode == 3
    assert (tmp_path / "secret").read_text() == "the secret of root"
