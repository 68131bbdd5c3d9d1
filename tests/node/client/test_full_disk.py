"""A pm whose disk is full: orders are carried out, and who waits for an answer is told why."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "small", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path: Path) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        while True:
            os.write(handle, b"x" * 4096)
    except OSError:
        os.close(handle)


def test_the_disk_is_named_and_the_order_is_carried_out(disk: Path) -> None:
    with Box(disk) as box:
        box.load(line("web"))
        pid = int(box.unit("web")["pid"])
        fill(disk / "fill")
        told = box.order("stop", "--timeout", "1", "web", status=124)
        assert f"the disk of {box.home} is full; make room there" in told
        until(lambda: not Path(f"/proc/{pid}").exists(), "web to be stopped all the same")
        listed, status = box.pm("list"), box.pm("status")
        for done, said in ((listed, listed.stderr), (status, status.stdout)):
            assert (done.returncode, "these are states of an earlier moment" in said) == (3, True)
        (disk / "fill").unlink()
        box.wait("web", "STOPPED")
        assert box.pm("list").returncode == 0
