"""Mounts and volumes on a real pm, in a mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, bind, enter, inside, kept, mounted, tmpfs, volume
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, around=OWN) as box:
        yield box


# -- mounts ---------------------------------------------------------------------------------------
def test_a_tmpfs_comes_and_goes(box: Box) -> None:
    box.load(tmpfs("cache", size=1 << 20, mode=0o700))
    (found,) = mounted(box)
    assert (found.kind, found.source) == ("tmpfs", f"pm:{box.home}/spots/cache")
    assert {"nosuid", "nodev"} <= found.options
    data = box.root() / str(box.home)[1:] / "spots/cache/data"
    assert data.stat().st_mode & 0o7777 == 0o700
    assert os.statvfs(data).f_blocks * os.statvfs(data).f_frsize == 1 << 20
    box.order("stop", "cache")
    assert mounted(box) == []


def test_a_folder_is_seen_at_a_second_place(box: Box) -> None:
    source, target = box.home.parent / "a b", box.home.parent / "seen"
    source.mkdir()
    (source / "file").write_text("x")
    box.load(bind("docs", source, target, "ro"))
    (found,) = mounted(box)
    assert {"ro", "nosuid", "nodev"} <= found.options
    assert (box.root() / str(target)[1:] / "file").read_text() == "x"
    box.load()
    until(lambda: mounted(box) == [], "the mount to go")
    assert (source / "file").exists()


def test_a_file_is_seen_at_a_second_place(box: Box) -> None:
    source = box.home.parent / "file"
    source.write_text("x")
    box.load(bind("one", source, "etc/file"))
    seen = box.root() / f"{box.home}/spots/one/etc/file"[1:]
    assert seen.read_text() == "x"
    box.order("stop", "one")
    assert mounted(box) == [] and not list((box.home / "spots/one").iterdir())
    said = box.load(bind("two", source, box.home.parent / "feed"), status=3)
    assert "feed is a folder, `from` is none" in said


def test_one_that_is_lost_is_mounted_again_and_the_cause_is_told(box: Box) -> None:
    box.load({**tmpfs("cache"), "drift": "report"}, {**tmpfs("other"), "restart": "never"})
    for name in ("cache", "other"):
        inside(box, "umount", f"{box.home}/spots/{name}/data")
    box.order("recheck", "cache", "other", status=3)
    told = box.unit("cache")
    assert told["state"] == "RUNNING"
    assert told["detail"].startswith("drift: nothing is mounted at")
    assert box.unit("other")["detail"].startswith("drift: nothing is mounted at")
    box.order("restart", "cache")
    assert box.unit("cache")["detail"] == ""
    assert [mount.source for mount in mounted(box)] == [f"pm:{box.home}/spots/cache"]


def test_other_parameters_are_another_mount(box: Box) -> None:
    box.load(tmpfs("cache", size=1 << 20))
    box.load(tmpfs("cache", size=1 << 21))
    (found,) = mounted(box)
    assert "size=2048k" in found.more


def test_one_in_use_stays_and_says_by_whom(box: Box) -> None:
    box.load({**tmpfs("cache"), "stop_timeout": 1500})
    stay = ["sh", "-c", f"cd {box.home}/spots/cache/data && echo && exec sleep 1000"]
    with subprocess.Popen([*enter(box), *stay], stdout=subprocess.PIPE) as user:
        assert user.stdout and user.stdout.readline()
        box.order("stop", "cache", status=3)
        unit = box.unit("cache")
        assert unit["state"] == "FAIL"
        assert "is in use by pid" in unit["detail"] and str(user.pid) in unit["detail"]
        assert len(mounted(box)) == 1
        user.kill()
    box.order("reset-failed", "cache")
    inside(box, "umount", f"{box.home}/spots/cache/data")


def test_nothing_is_left_mounted_after_the_death_of_pm_and_another_plan(
    tmp_path: Path,
) -> None:
    """The next pm is started in the same namespace."""
    with kept() as around, Box(tmp_path, around=around) as box:
        box.load(tmpfs("cache", tmp_path / "at"))
        box.kill(before=lambda: box.parameter("cache", tmpfs("cache")))
        box.wait("cache", "RUNNING")
        assert [mount.at for mount in mounted(box)] == [f"{box.home}/spots/cache/data"]


def test_a_link_that_somebody_laid_is_not_followed(box: Box) -> None:
    os.chown(box.home.parent, 12345, -1)
    secret = box.home.parent / "secret"
    secret.mkdir()
    (box.home.parent / "link").symlink_to(secret)
    said = box.load(tmpfs("cache", box.home.parent / "link"), status=3)
    assert "is another user's, who could bend the way" in said
    assert mounted(box) == []
    os.chown(box.home.parent, os.getuid(), -1)


def test_a_second_place_takes_nothing_away_from_the_first(box: Box) -> None:
    """What is seen read-only there cannot be written here."""
    source = box.home.parent / "source"
    (source / "in").mkdir(parents=True)
    box.load(bind("first", source, "data", "ro"))
    seen = box.home / "spots/first/data/in"
    box.load(bind("first", source, "data", "ro"), bind("second", seen))
    options = {mount.at: mount.options for mount in mounted(box)}
    assert "ro" in options[f"{box.home}/spots/second/data"]


def test_the_way_to_a_mount_is_nobody_elses(box: Box) -> None:
    """Whoever owns a folder on the way can move it, and what is mounted in it."""
    box.load({**tmpfs("cache"), "user": "daemon"})
    spot = box.home / "spots/cache"
    assert (spot.stat().st_uid, spot.stat().st_mode & 0o022) == (0, 0)
    theirs = box.home.parent / "theirs"
    theirs.mkdir()
    os.chown(theirs, 1, 1)
    said = box.load({**tmpfs("cache", theirs / "data"), "user": "daemon"}, status=3)
    assert "who could bend the way" in said


def test_what_it_should_show_is_missing(box: Box) -> None:
    said = box.load(bind("docs", box.home.parent / "nothing"), status=3)
    assert "from: there is no" in said


# -- volumes --------------------------------------------------------------------------------------
def test_a_volume_keeps_its_data(box: Box) -> None:
    path = box.home.parent / "data"
    box.load(volume("data", path, mode=0o750), volume("scratch", "data", ephemeral=True))
    assert path.stat().st_mode & 0o7777 == 0o750
    (path / "file").write_text("x")
    (box.home / "spots/scratch/data/deep").mkdir()
    box.load()
    until(lambda: not (box.home / "spots/scratch").exists(), "the ephemeral one to go")
    assert (path / "file").read_text() == "x"


def test_a_folder_of_somebody_else_is_not_given_away(box: Box) -> None:
    path = box.home.parent / "data"
    path.mkdir(mode=0o700)
    os.chown(path, 12345, 12345)
    said = box.load(volume("data", path), status=3)
    assert "belongs to 12345: it is not given away" in said
    assert path.stat().st_mode & 0o7777 == 0o700


def test_a_folder_of_roots_is_not_given_away(box: Box) -> None:
    path = box.home.parent / "data"
    path.mkdir()
    (path / "key").write_text("x")
    said = box.load({**volume("data", path), "user": "daemon"}, status=3)
    assert "it is not given away" in said
    assert path.stat().st_uid == 0


def test_mode_is_put_right(box: Box) -> None:
    path = box.home.parent / "data"
    path.mkdir(mode=0o700)
    box.load(volume("data", path))
    assert path.stat().st_mode & 0o7777 == 0o755
    path.chmod(0o700)
    said = box.order("recheck", "data", status=3)
    assert "has mode 700" in said, said


def test_a_quota_where_none_can_be(box: Box) -> None:
    said = box.load(volume("data", box.home.parent / "data", quota=1 << 20), status=3)
    assert "no subvolume of btrfs" in said


def test_nothing_is_made_or_removed_where_somebody_else_decides(box: Box) -> None:
    theirs = box.home.parent / "theirs"
    (theirs / "old").mkdir(parents=True)
    (theirs / "old/file").write_text("x")
    os.chown(theirs, 1, 1)
    units = {name: volume(name, theirs / name, ephemeral=True) for name in ("old", "new")}
    box.load(*units.values(), status=3)
    for name in units:
        # Between two attempts: while it tries again it has nothing to say.
        until(lambda name=name: "who could bend the way" in box.unit(name)["detail"], "a reason")
    box.load()
    for name in units:
        until(lambda name=name: not (box.home / "units" / name).exists(), f"{name} to go")
    assert [path.name for path in theirs.iterdir()] == ["old"]
    assert (theirs / "old/file").exists()
    assert "old is left: " in (box.home / "log/old.log").read_text()
