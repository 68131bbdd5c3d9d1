"""A disk that gets full at any point of a change: page by page less room for it. pm lives on, and
with room again the same order is carried out in full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.proofs import Proof

pytestmark = [pytest.mark.real, pytest.mark.host]
PAGE = 4096
SIZES = 128
UNITS = 20  # with 20 units a change writes over a hundred files


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


def change(box: Box, number: int) -> bool:
    """Other units with other parameters; whether it was done."""
    lines = [line(f"u{number % 2}-{i}", nice=number % 3) for i in range(UNITS)]
    try:
        box.load(*lines)
    except (AssertionError, OSError, subprocess.TimeoutExpired):
        return False
    return True


def _run(disk: Path, sizes: range, proof: Proof) -> None:
    with Box(disk, log=disk / "pm.log") as box:
        assert change(box, 1)
        before, refused = box.pids(), 0
        for number, pages in enumerate(sizes):
            leave(disk / "filler", pages)
            refused += not change(box, number)
            (disk / "filler").unlink()
            assert change(box, number), f"{pages} pages: not carried out with room again"
            names = {f"u{number % 2}-{i}" for i in range(UNITS)}
            states = {name: one["state"] for name, one in box.listing().items()}
            assert states == dict.fromkeys(names, "RUNNING"), f"{pages} pages"
            assert len(box.inside()) == UNITS, f"{pages} pages"
            assert box.pids() == before, f"{pages} pages: pm died"
    proof("disk full in the middle of a change", sizes=len(sizes), refused=refused)


def test_a_few_sizes(disk: Path, proof: Proof) -> None:
    _run(disk, range(0, SIZES, 43), proof)


@pytest.mark.nightly
def test_each_size(disk: Path, proof: Proof) -> None:
    _run(disk, range(SIZES), proof)
