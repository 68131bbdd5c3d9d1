"""A full disk keeps the states of another pm: the file names the one that is alive all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from enve_pm.shell.events.system import System
from enve_pm.shell.state.claim import SPARE, claim, claimed
from enve_pm.shell.state.status import Row, Status

ROW = Row("}  \n", False, "process", 9, 0, "", 1, "", "RUNNING", "", "up", "")


def status(pid: int, start: int, program: str = "", unit: str = "web") -> bytes:
    head = {"pid": pid, "start": start, "boot": "0b9d", "version": "1", "hash": program}
    made = Status(head)
    made.set(unit, ROW)
    return made.render(77)


@pytest.mark.parametrize("unit", ["web", "units", "}", '"units":'])
def test_the_name_is_ours_and_the_states_are_theirs(unit: str) -> None:
    old, new = status(7, 8, unit=unit), status(4_194_304, 10**12, "1d5f623ecd71105c", "other")
    text = claimed(old, new)
    assert text is not None and len(text) == len(old) and text.count(b"\n") == 1
    name = ("pid", "start", "boot", "hash")
    found = json.loads(text)
    assert {key: found[key] for key in name} == {key: json.loads(new)[key] for key in name}
    assert found["units"] == json.loads(old)["units"] and found["wall"] == 77


def test_it_can_be_done_again_and_back() -> None:
    short, long = status(7, 8), status(4_194_304, 10**12, "1d5f623ecd71105c")
    there = claimed(short, long)
    assert there is not None and claimed(there, long) == there and claimed(there, short) == short


@pytest.mark.parametrize(
    "shown",
    [b"", b"\n", b"{}\n", status(7, 8)[:-70], status(7, 8)[:40], status(7, 8).replace(SPARE, b"")],
    ids=["empty", "blank", "no status", "cut", "cut early", "no room"],
)
def test_what_is_no_status_or_has_no_room_stays(shown: bytes, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(shown)
    claim(System(), str(path), status(4_194_304, 10**12))
    assert path.read_bytes() == shown


def test_none_is_made(tmp_path: Path) -> None:
    claim(System(), str(tmp_path / "status.json"), status(1, 2))
    assert not list(tmp_path.iterdir())


def test_the_very_file_is_written_and_keeps_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(status(7, 8))
    path.chmod(0o1644)
    before = path.stat()
    claim(System(), str(path), status(4_194_304, 10**12))
    after = path.stat()
    assert json.loads(path.read_bytes())["pid"] == 4_194_304
    assert (after.st_ino, after.st_mode, after.st_size, after.st_blocks) == (
        before.st_ino,
        before.st_mode,
        before.st_size,
        before.st_blocks,
    )
