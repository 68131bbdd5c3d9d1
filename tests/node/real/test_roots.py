"""Folders that one can chroot into, on a real pm, in a mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.rooms import OWN, archive, bind, enter, inside, kept, mounted, subroot
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, around=OWN) as box:
        yield box


def chrooted(box: Box, name: str, *words: str) -> str:
    """What a command prints in a unit's root."""
    root = box.home / "spots" / name / "root"
    argv = [*enter(box), "chroot", str(root), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_a_root_over_this_one(box: Box) -> None:
    box.load(subroot("root", "overlay", lower=["/"]))
    assert chrooted(box, "root", "sh", "-c", "echo x >/etc/made; cat /etc/made") == "x\n"
    assert not Path("/etc/made").exists()
    assert chrooted(box, "root", "sh", "-c", "echo y >/dev/null; ls /dev/fd/ | head -1") == "0\n"
    assert chrooted(box, "root", "ls", str(box.home / "spots")) == "root\n"
    box.order("restart", "root")
    assert chrooted(box, "root", "sh", "-c", "test -e /etc/made || echo gone") == "gone\n"
    box.load()
    until(lambda: mounted(box) == [], "everything to be unmounted")


def test_what_is_written_may_be_kept(box: Box) -> None:
    upper = box.home.parent / "upper"
    upper.mkdir()
    inside(box, "mount", "-t", "tmpfs", "tmpfs", str(upper))  # no overlay lies on an overlay
    box.load(subroot("root", "overlay", lower=["/usr"], upper=str(upper)))
    made = box.root() / str(box.home)[1:] / "spots/root/root/made"
    made.write_text("x")
    box.order("restart", "root")
    assert made.read_text() == "x"
    assert not Path("/usr/made").exists()


def test_what_an_overlay_lies_on_is_nobody_elses_to_swap(box: Box) -> None:
    theirs, plain = box.home.parent / "theirs", box.home.parent / "a:b,c\\d"
    for path in (theirs, plain):
        (path / "etc").mkdir(parents=True)
    os.chown(theirs, 1, 1)
    box.load(subroot("root", "overlay", lower=[str(plain), "/usr"]))
    assert chrooted(box, "root", "/bin/ls", "-d", "/etc") == "/etc\n"
    said = box.load(subroot("root", "overlay", lower=[str(theirs / "etc"), "/usr"]), status=3)
    assert "is another user's, who could bend the way" in said
    assert mounted(box) == []


def test_an_upper_folder_that_the_kernel_does_not_take(box: Box) -> None:
    root, room = box.home.parent / "over", box.home.parent / "room"
    root.mkdir()
    room.mkdir()
    layers = f"lowerdir=/usr,upperdir={room}/u,workdir={room}/w"
    script = f"mount -t tmpfs t {room} && mkdir {room}/u {room}/w"
    script += f" && mount -t overlay o -o {layers} {root}"
    inside(box, "sh", "-c", script)
    box.load(subroot("root", "overlay", lower=["/etc"], upper=f"{root}/up"), status=3)
    until(lambda: "lies on an overlay" in box.unit("root")["detail"], "the reason")


def test_a_root_that_shows_a_little_of_this_one(box: Box) -> None:
    shown = [path for path in ("/usr", "/etc/ssl", "/lib64", "/bin", "/lib") if Path(path).exists()]
    paths = [path for path in shown if not Path(path).is_symlink()]
    box.load(subroot("root", "bind", paths=paths))
    assert "passwd" not in chrooted(box, "root", "ls", "/etc")
    assert "Read-only" in chrooted(box, "root", "sh", "-c", "touch /usr/x 2>&1 || true")
    box.order("stop", "root")
    assert mounted(box) == []


def test_a_root_from_an_archive(box: Box) -> None:
    box.load(subroot("root", "tar", product=archive(box)))
    at = box.root() / str(box.home)[1:] / "spots/root/root"
    assert (at / "etc/motd").read_text() == "hello \n"
    state = (at / "etc/group").stat()
    assert (state.st_gid, state.st_mode & 0o7777) == (42, 0o2755)
    assert (at / "etc/mtab").readlink() == Path("/proc/self/mounts")
    assert (at / "proc/self").exists() or (at / "proc/1").exists()
    box.load(subroot("root", "tar", product=archive(box, "again")))
    assert (at / "etc/motd").read_text() == "hello again\n"
    trees = [path.name for path in (box.home / "spots/root").glob(".tree-*")]
    assert len(trees) == 1
    box.load()
    until(lambda: not (box.home / "spots/root/root/etc").exists(), "the root to be unmounted")
    until(lambda: not list((box.home / "spots/root").glob(".tree-*")), "its files to go")
    assert Path("/proc/self").exists() and Path("/dev/null").exists()


def test_a_root_lives_through_the_death_of_pm_and_goes_with_its_plan(
    tmp_path: Path,
) -> None:
    with kept() as around, Box(tmp_path, around=around) as box:
        box.load(subroot("root", "overlay", lower=["/"], size=1 << 24))
        before = mounted(box)
        box.kill()
        box.wait("root", "RUNNING")
        assert mounted(box) == before
        box.kill()
        box.load()
        until(lambda: mounted(box) == [], "everything to be unmounted")


def test_one_that_cannot_be_made_leaves_nothing(box: Box) -> None:
    """Its memory is mounted by then."""
    root = subroot("root", "overlay", lower=[str(box.home.parent / "nowhere")])
    box.load({**root, "restart": "never"}, status=3)
    assert box.unit("root")["state"] == "STARTING_FAIL"
    assert mounted(box) == []


def test_a_place_is_not_emptied_through_a_mount(box: Box) -> None:
    """What is mounted in a product is not removed with it."""
    source = box.home.parent / "source"
    source.mkdir()
    (source / "precious").write_text("x")
    push = archive(box, mode=0o644)
    box.load(line("web", product=push))
    data = box.home / "spots/web/product/data"
    box.load(line("web", product=push), bind("in", source, data))
    box.load(
        line("web", product=archive(box, "again", mode=0o644)), bind("in", source, data), status=3
    )
    box.load(bind("in", source, data))
    assert (source / "precious").read_text() == "x"
