"""A unit that prints as fast as it can: its log keeps to its bounds, pm answers, nothing of another
unit is lost, and nobody grows."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real

MB = 1 << 20
SIZE, KEEP = MB, 2
MORE = 1024  # KiB that pm or its logger may be larger at the end than after the first megabytes
FLOOD = """
while [ ! -e enough ]; do yes 0123456789012345678901234567890123456789012345678901234567890 |
    head -c 1048576; printf x >>blocks; done
echo; echo the end
exec sleep 1000
"""
TALK = """
while [ ! -e enough ]; do n=$((n + 1)); echo $n; sleep 0.005; done
echo $n >said
exec sleep 1000
"""
some = pytest.mark.parametrize("size", [50, pytest.param(1000, marks=pytest.mark.nightly)])


def flood(script: str = FLOOD, size: int = SIZE) -> dict[str, Any]:
    """A megabyte for each `x` in `blocks`, until `enough` is there."""
    return line("flood", command=["sh", "-c", script], log_size=size, log_keep=KEEP)


def talk() -> dict[str, Any]:
    """It says which line is its last."""
    return line("talk", command=["sh", "-c", TALK])


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, log=tmp_path / "pm.log") as box:
        yield box


def blocks(box: Box) -> int:
    """Megabytes that the flood has printed."""
    file = box.home / "spots/flood/blocks"
    return file.stat().st_size if file.exists() else 0


def enough(box: Box, name: str) -> None:
    (box.home / f"spots/{name}/enough").touch()


def kept(box: Box) -> dict[str, int]:
    """The files of the flood's log, with their sizes."""
    found = {}
    for file in (box.home / "log").glob("flood.log*"):
        with suppress(FileNotFoundError):  # it is rotated just now
            found[file.name] = file.stat().st_size
    return found


def bounded(box: Box) -> None:
    names = {"flood.log", *(f"flood.log.{number + 1}" for number in range(KEEP))}
    found = kept(box)
    assert set(found) <= names and all(size <= SIZE for size in found.values()), found


def rss(pid: int) -> int:
    """KiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def child(box: Box, word: bytes) -> int:
    """The pid of a helper of pm with this in its command line; 0: none just now."""
    pm = box.pids()[1]
    for pid in Path(f"/proc/{pm}/task/{pm}/children").read_text().split():
        with suppress(OSError):
            if word + b"\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    return 0


def logger(box: Box) -> int:
    return child(box, b"_logger")


def the_end(box: Box) -> None:
    """The flood is told to end: its last line is there."""
    enough(box, "flood")
    log = box.home / "log/flood.log"
    until(lambda: b"the end\n" in log.read_bytes()[-100:], "the last line of the flood")


def told(box: Box) -> tuple[int, list[int]]:
    """(what the talker has printed last, what its log has)."""
    enough(box, "talk")
    said = box.home / "spots/talk/said"
    until(lambda: said.exists() and said.read_text().endswith("\n"), "the talker to end")
    last, log = int(said.read_text()), box.home / "log/talk.log"
    until(lambda: log.read_text().endswith(f"\n{last}\n"), "its last line")
    return last, [int(row) for row in log.read_text().splitlines()]


def goes_on(box: Box, size: int) -> None:
    """So many megabytes, while pm answers: the flood ends only when it is told to."""
    answered = 0
    while blocks(box) < size or answered < 5:
        pid = box.unit("web")["pid"]
        box.order("restart", "web")
        assert box.unit("web")["pid"] != pid
        answered += 1
        bounded(box)


@some
def test_a_flood_on_one_unit(box: Box, size: int) -> None:
    box.load(flood(), talk(), line("web"))
    goes_on(box, 5)
    both = box.pids()[1], logger(box)
    before = [rss(pid) for pid in both]
    goes_on(box, size)
    the_end(box)
    bounded(box)
    last, lines = told(box)
    assert lines == list(range(1, last + 1)), "every line of another unit, once and in order"
    assert all(rss(pid) <= had + MORE for pid, had in zip(both, before, strict=True))


def test_the_last_words_of_a_unit_are_kept_though_the_logger_is_slow(box: Box) -> None:
    """It prints them when it is told to end, and pm ends right after it."""
    script = "trap 'echo goodbye; touch said; exit 0' TERM; echo hello; sleep 1000 & wait"
    box.load(line("web", command=["sh", "-c", script]))
    log = box.home / "log/web.log"
    until(lambda: log.exists() and "hello" in log.read_text(), "its first words")
    slow, pm = logger(box), box.pids()[1]
    os.kill(slow, signal.SIGSTOP)
    os.kill(pm, signal.SIGTERM)
    until((box.home / "spots/web/said").exists, "its last words")
    until(lambda: box.inside() == [], "its end")
    until(lambda: box.status()["units"]["web"]["state"] == "STOPPED", "its end to be shown")
    os.kill(slow, signal.SIGCONT)
    box.end()
    assert log.read_text().splitlines() == ["hello", "goodbye"]


@pytest.mark.nightly
def test_a_flood_on_a_terminal(box: Box) -> None:
    """The holder of terminals reads it, and nobody looks on."""
    on = {"terminal": True}
    box.load({**flood(), **on}, {**talk(), **on}, line("web"))
    goes_on(box, 100)
    both = box.pids()[1], child(box, b"/terminals")
    before = [rss(pid) for pid in both]
    goes_on(box, 300)
    the_end(box)
    bounded(box)
    last, lines = told(box)
    assert lines == list(range(1, last + 1))
    assert all(rss(pid) <= had + MORE for pid, had in zip(both, before, strict=True))


@some
def test_the_logger_is_killed_in_the_middle(box: Box, size: int) -> None:
    """What it has taken out of a pipe and not written dies with it: of one unit, one read."""
    box.load(flood(), talk())
    kills = 0
    while blocks(box) < size or kills < 5:
        aim = blocks(box) + max(1, size // 10)
        until(lambda aim=aim: blocks(box) >= aim, "the flood to go on", 60)
        pid = until(lambda: logger(box), "a logger")
        os.kill(pid, signal.SIGKILL)
        kills += 1
        until(lambda pid=pid: logger(box) not in (0, pid), "another logger")
        bounded(box)
    the_end(box)
    last, lines = told(box)
    assert lines == sorted(set(lines)), "nothing twice, and in order"
    gaps = [one for one, following in pairwise(lines) if following != one + 1]
    assert len(gaps) <= kills and last == lines[-1]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.host
@some
def test_a_flood_that_fills_the_disk(disk: Path, tmp_path: Path, size: int) -> None:
    """The service goes on and loses what it prints; pm obeys; the gap is told later."""
    beside = tmp_path / "beside"
    beside.mkdir()
    script = f"cd {beside}; while [ ! -e go ]; do sleep 0.02; done; {FLOOD}"
    starts = line("web", command=["sh", "-c", f"echo $$ >>{beside}/starts; exec sleep 1000"])
    with Box(disk, log=disk / "pm.log") as box:
        box.load(flood(script, 100 * MB), starts)
        (beside / "go").touch()
        both = box.pids()[1], until(lambda: logger(box), "the logger")

        def printed() -> int:
            return len((beside / "blocks").read_text()) if (beside / "blocks").exists() else 0

        until(lambda: printed() >= 10, "more than there is room for")
        before = [rss(pid) for pid in both]
        while printed() < size:
            started = len((beside / "starts").read_text().split())
            box.order("restart", "--no-wait", "web")
            until(lambda n=started: len((beside / "starts").read_text().split()) > n, "web")
        assert (box.pids()[1], logger(box)) == both
        assert all(rss(pid) <= had + MORE for pid, had in zip(both, before, strict=True))
        os.truncate(box.home / "log/flood.log", 0)
        until(lambda: b"bytes lost: the disk is full" in head(box), "the gap to be told")


def head(box: Box) -> bytes:
    with (box.home / "log/flood.log").open("rb") as file:
        return file.read(100)
