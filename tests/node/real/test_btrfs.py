"""Volumes on a real btrfs: subvolumes, held to a quota."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import loopdisk
from tests.support.box import Box
from tests.support.rooms import volume
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host, pytest.mark.btrfs]
QUOTA = 4 << 20
AS_DAEMON = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with loopdisk.btrfs(tmp_path) as disk:
        yield disk


@pytest.fixture
def box(tmp_path: Path, disk: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


def fill(path: Path, size: int) -> None:
    """Write so many bytes to the disk itself."""
    with path.open("wb", buffering=0) as file:
        for _ in range(size >> 16):
            file.write(bytes(1 << 16))


def test_a_quota_holds(box: Box, disk: Path) -> None:
    data = disk / "data"
    box.load(volume("data", data, quota=QUOTA))
    assert data.stat().st_ino == 256, "a subvolume"
    with pytest.raises(OSError, match="quota") as caught:
        fill(data / "big", 4 * QUOTA)
    assert caught.value.errno == errno.EDQUOT
    (data / "big").unlink()
    box.load(volume("data", data, quota=8 * QUOTA))
    fill(data / "big", 2 * QUOTA)


def test_an_ephemeral_subvolume_goes_with_its_files(box: Box, disk: Path) -> None:
    data = disk / "scratch"
    box.load(volume("scratch", data, ephemeral=True, subvolume="yes"))
    (data / "deep").mkdir()
    (data / "deep/file").write_text("x")
    box.load()
    until(lambda: not data.exists(), "the subvolume to go")


def test_where_many_put_their_things_no_path_is_gone_by(box: Box, disk: Path) -> None:
    disk.chmod(0o1777)
    data = disk / "scratch"
    box.load(volume("scratch", data, ephemeral=True, subvolume="yes", quota=QUOTA))
    assert data.stat().st_ino == 256
    (data / "deep").mkdir()
    (data / "deep/file").write_text("x")
    box.load()
    until(lambda: not data.exists(), "the subvolume to go")


def test_what_its_user_makes_of_it_goes_with_it(box: Box, disk: Path) -> None:
    """Subvolumes in it, and one in one that is sealed, with a folder that is closed."""
    disk.chmod(0o755)
    data = disk / "scratch"
    box.load({**volume("scratch", data, ephemeral=True), "user": "daemon"})
    script = (
        "btrfs subvolume create one && btrfs subvolume create one/two && touch one/two/file && "
        "mkdir -p one/closed/deep && chmod 0 one/closed && chmod 0 one/two && "
        "btrfs subvolume snapshot -r . all && chmod 500 one && btrfs property set -ts one ro true"
    )
    subprocess.run([*AS_DAEMON, "sh", "-c", script], cwd=data, check=True)
    box.order("stop", "scratch")
    assert not data.exists()


def test_what_no_quota_counts_is_told(box: Box, disk: Path) -> None:
    disk.chmod(0o755)
    data = disk / "data"
    unit = {**volume("data", data, quota=QUOTA), "user": "daemon", "restart": "never"}
    box.load(unit)
    subprocess.run([*AS_DAEMON, "btrfs", "subvolume", "create", "out"], cwd=data, check=True)
    fill(data / "out/big", 2 * QUOTA)
    said = box.order("recheck", "data", status=3)
    assert "holds subvolumes, which no quota of its own counts" in said


def test_a_folder_where_none_is_asked_for(box: Box, disk: Path) -> None:
    data = disk / "plain"
    box.load(volume("data", data, subvolume="no"))
    assert data.stat().st_ino != 256
    box.load(volume("data", data, subvolume="no", quota=QUOTA), status=3)
    until(lambda: "no subvolume of btrfs" in box.unit("data")["detail"], "the reason")
