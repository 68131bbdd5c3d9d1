"""A disk that takes nothing more: pm goes on in memory, says so, and catches up later."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.shell.guard import lock

pytestmark = [pytest.mark.real, pytest.mark.host]
PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take what is left, in the last page of pm's log as well."""
    path = disk / "filler"
    for file in (path, disk / "pm.log"):
        with file.open("ab", buffering=0) as stream, suppress(OSError):
            while stream.write(b"\n" * (PAGE - stream.tell() % PAGE)):
                pass
    return path


def counting(name: str, beside: Path, then: str) -> dict[str, object]:
    """A unit that leaves its pid where there is room."""
    return line(name, command=["sh", "-c", f"echo $$ >>{beside / name}; {then}"])


def starts(beside: Path, name: str) -> list[str]:
    return (beside / name).read_text().split()


def test_pm_outlives_it(disk: Path, tmp_path: Path) -> None:
    with Box(disk, log=disk / "pm.log") as box:
        box.load(counting("web", tmp_path, "exec sleep 1000"))
        before, shown = box.pids(), disk / "home/public/status.json"
        filler = fill(disk)
        for number in range(2, 26):  # pm complains each time, and its log lies there too
            box.order("restart", "--no-wait", "web")
            until(lambda wanted=number: len(starts(tmp_path, "web")) >= wanted, "web to restart")
        until(lambda: shown.stat().st_mode & stat.S_ISVTX, "the states to be marked as old")
        filler.unlink()
        last = starts(tmp_path, "web")[-1]
        until(lambda: str(box.unit("web")["pid"]) == last, "what is shown to catch up")
        assert not shown.stat().st_mode & stat.S_ISVTX
        assert box.pids() == before


def test_units_that_fail_go_on_failing(disk: Path, tmp_path: Path) -> None:
    with Box(disk, log=disk / "pm.log") as box:
        filler = fill(disk)
        filler.unlink()
        slow = {"ready": {"how": "wait", "ms": 2000}}  # nothing that ends is ready by then
        box.load({**counting("loop", tmp_path, "exit 1"), **slow}, status=3)
        before = box.pids()
        filler = fill(disk)
        seen = len(starts(tmp_path, "loop"))
        until(lambda: len(starts(tmp_path, "loop")) > seen + 1, "two more starts")
        filler.unlink()
        until(lambda: box.unit("loop")["restarts"] > seen, "what is shown to catch up")
        assert box.pids() == before


def test_a_home_is_held_though_its_lock_cannot_say_by_whom(disk: Path) -> None:
    fill(disk)
    held = lock.take(str(disk))
    with pytest.raises(lock.Held, match="unknown"):
        lock.take(str(disk))
    os.close(held)


def test_a_pm_that_begins_on_it_is_seen_alive(disk: Path, tmp_path: Path) -> None:
    """Else listings, marches and whoever waits for pm take it for dead until there is room."""
    with Box(disk, log=disk / "pm.log") as box:
        box.load(counting("web", tmp_path, "exec sleep 1000"))
        before, shown = box.pids(), disk / "home/public/status.json"
        filler = fill(disk)
        box.kill(lambda: fill(disk))  # it waits for `pm status` to say that pm runs
        assert box.pids()[1] not in before
        assert shown.stat().st_mode & stat.S_ISVTX, "the states are those of the pm before"
        until(lambda: len(starts(tmp_path, "web")) == 2, "web to run again")
        assert str(box.unit("web")["pid"]) == starts(tmp_path, "web")[0]
        filler.unlink()
        until(lambda: str(box.unit("web")["pid"]) == starts(tmp_path, "web")[1], "new states")
        assert not shown.stat().st_mode & stat.S_ISVTX
