"""A disk that gets full at any point of a change: page by page less room for it. pm lives on, and
with room again the same order is carried out in full."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.proofs import Proof
from tests.support.wait import until

from enve_pm.shell.product import feed

pytestmark = [pytest.mark.real, pytest.mark.host]
PAGE = 4096
SIZES = 128
UNITS = 40  # a change that adds so many writes four files for each, one page a file
STAYS = line("stays")
COMPACT: dict[str, Any] = {"sort_keys": True, "separators": (",", ":")}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def leave(filler: Path, pages: int) -> None:
    """Take all room but so many pages."""
    with filler.open("wb", buffering=0) as stream:
        with suppress(OSError):
            while stream.write(b"\n" * PAGE):
                pass
        size = stream.tell() // PAGE
        stream.truncate(max(0, size - pages) * PAGE)


def begin(box: Box, number: int) -> subprocess.Popen[bytes]:
    """Order units beside the one that stays, with other parameters each time."""
    units = [line(f"u{number % 2}-{i}", nice=number % 3) for i in range(UNITS)]
    name, data = feed.encode({one["name"]: json.dumps(one, **COMPACT) for one in (STAYS, *units)})
    feed.write(str(box.feed), name, data, box.uid)
    return subprocess.Popen(box._argv(("load", name)), env=box._env(), stderr=subprocess.PIPE)


def states(box: Box) -> dict[str, str]:
    return {name: one["state"] for name, one in box.listing().items()}


def _once(box: Box, filler: Path, number: int, pages: int) -> bool:
    """Whether the disk was full in the middle of the change."""
    assert box.log is not None
    log = box.log
    box.load(STAYS)
    until(lambda: len(list((box.home / "units").iterdir())) == 1, "what others had to go")
    wanted = dict.fromkeys(("stays", *(f"u{number % 2}-{i}" for i in range(UNITS))), "RUNNING")
    said = log.read_text().count("ENOSPC")

    def full() -> bool:
        return log.read_text().count("ENOSPC") > said

    leave(filler, pages)
    with begin(box, number) as order:
        until(lambda: order.poll() is not None or full(), "an end, or a full disk")
        met = full()
        filler.unlink()
        assert order.wait(60) == 0, "not carried out with room again"
    # The answer may find room before the states, which are marked as old until then.
    until(lambda: states(box) == wanted, "the states to be shown")
    assert len(box.inside()) == len(wanted)
    return met


def _run(disk: Path, sizes: range, proof: Proof) -> None:
    box = Box(disk, log=disk.parent / "pm.log")  # what pm says has room of its own
    box.feed = disk.parent / "feed"  # ... and so has what it is told
    box.feed.mkdir()
    met = 0
    with box:
        before = box.pids()
        for number, pages in enumerate(sizes):
            print(f"{pages} pages")
            met += _once(box, disk / "filler", number, pages)
            assert box.pids() == before, "pm died"
    proof("disk full in the middle of a change", sizes=len(sizes), met=met)
    assert met >= 0.9 * len(sizes), "there was room for most of them"


def test_a_few_sizes(disk: Path, proof: Proof) -> None:
    _run(disk, range(0, SIZES, 64), proof)


@pytest.mark.nightly
def test_each_size(disk: Path, proof: Proof) -> None:
    _run(disk, range(SIZES), proof)
