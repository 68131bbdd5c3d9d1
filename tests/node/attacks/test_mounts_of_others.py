"""Whoever may mount in a folder takes away what his unit has mounted there, all of it and nothing
else, whatever his line says and whoever swaps what it shows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.rooms import archive, bind, enter, inside, kept, mounted, subroot, tmpfs, volume

pytestmark = [pytest.mark.real, pytest.mark.host]

DISK = "a disk of the administrator"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with kept() as around, Box(tmp_path, around=around) as box:
        for name in ("disk", "one", "two"):
            (tmp_path / name).mkdir()
        (tmp_path / "same").symlink_to(tmp_path / "disk")
        mount(box)
        inside(box, "mkdir", f"{tmp_path}/disk/below")
        yield box


def mount(box: Box) -> None:
    inside(box, "mount", "-t", "tmpfs", DISK, f"{box.home.parent}/disk")


def reaches(box: Box, way: str) -> dict[str, Any]:
    """A unit that reaches for the disk."""
    root = box.home.parent
    disk = root / "disk"
    if way in ("missing", "disk", "same", "disk/below"):
        return bind("evil", root / way, disk)
    if way == "tar":
        return subroot("evil", way, at=str(disk), product=archive(box))
    return subroot("evil", way, at=str(disk), **{{"bind": "paths"}.get(way, "lower"): ["/usr"]})


@pytest.mark.parametrize("way", ["missing", "disk", "same", "disk/below", "tar", "overlay", "bind"])
def test_what_others_have_mounted_stays(box: Box, way: str) -> None:
    box.load(reaches(box, way), status=3 if way == "missing" else 0)
    box.order("stop", "evil")
    assert [found.source for found in mounted(box)] == [DISK]
    box.load()
    assert [found.source for found in mounted(box)] == [DISK]


def test_what_it_shows_is_swapped_again_and_again(box: Box) -> None:
    root = box.home.parent
    box.load(bind("seen", root / "one", root / "at"))
    for number in range(3):
        (root / "one").rename(root / f"old{number}")
        (root / "one").mkdir()
        box.order("recheck", "seen", status=3)
        box.wait("seen", "RUNNING")
    assert len(mounted(box)) == 2
    (root / "one").rename(root / "gone")
    box.kill()
    box.order("stop", "seen")
    assert [found.source for found in mounted(box)] == [DISK]


@pytest.mark.parametrize("kind", ["bind", "tmpfs", "subroot"])
def test_what_is_covered_is_not_forgotten(box: Box, kind: str) -> None:
    root = box.home.parent
    disk = root / "disk"
    inside(box, "umount", str(disk))
    units = {
        "bind": bind("evil", root / "one", disk),
        "tmpfs": tmpfs("evil", disk),
        "subroot": subroot("evil", "bind", at=str(disk), paths=["/usr"]),
    }
    box.load(units[kind])
    mount(box)
    box.order("stop", "evil", status=3)
    assert "something else is mounted over" in box.unit("evil")["detail"]
    inside(box, "umount", str(disk))
    box.order("reset-failed", "evil")
    box.order("start", "evil")
    box.order("stop", "evil")
    assert mounted(box) == []


def test_a_name_that_is_no_text_is_told(box: Box) -> None:
    box.load(subroot("root", "bind", paths=["/usr"]))
    odd = os.fsencode(f"{box.home}/spots/root/root/tmp") + b"/\xff"
    for words in (["mkdir", odd], ["mount", "-t", "tmpfs", "odd", odd]):
        subprocess.run([*enter(box), *words], check=True)
    box.order("stop", "root", status=3)
    assert "\\udcff is mounted in it" in box.unit("root")["detail"]
    subprocess.run([*enter(box), "umount", odd], check=True)
    box.order("reset-failed", "root")


def test_what_a_user_had_goes_when_he_is_no_more(box: Box) -> None:
    root = box.home.parent
    users = root / "users"
    users.write_text("root:x:0:0::/:/bin/sh\nguest:x:1234:1234::/:/bin/sh\n")
    inside(box, "mount", "--bind", str(users), "/etc/passwd")
    units = [tmpfs("a"), bind("b", root / "one"), volume("c", "data", ephemeral=True)]
    box.load(*({**unit, "user": "guest"} for unit in units))
    users.write_text("root:x:0:0::/:/bin/sh\n")
    said = box.load(
        *({**unit, "user": "guest"} for unit in units),
        {**bind("d", root / "one"), "user": "guest", "restart": "never"},
        status=3,
    )
    assert "user:guest does not exist" in said
    box.order("stop", "a", "b", "c")
    assert [found.source for found in mounted(box)] == [DISK]


@pytest.mark.parametrize("kind", ["bind", "tmpfs", "subroot"])
def test_one_that_was_refused_is_no_debt(box: Box, kind: str) -> None:
    """Another line takes its place; one that was made goes, whatever became of what it shows."""
    root = box.home.parent
    theirs = root / "theirs"
    theirs.mkdir()
    os.chown(theirs, 1, 1)
    lines: dict[str, Callable[[Path], dict[str, Any]]] = {
        "bind": lambda at: bind("unit", root / "one", at),
        "tmpfs": lambda at: tmpfs("unit", at),
        "subroot": lambda at: subroot("unit", "bind", at=str(at), paths=["/usr"]),
    }
    said = box.load(lines[kind](theirs / "at"), status=3)
    assert "who could bend the way" in said
    box.load(lines[kind](root / "two"))
    (root / "one").rename(theirs / "one")
    (root / "one").symlink_to(theirs / "one")
    box.order("stop", "unit")
    assert [found.source for found in mounted(box)] == [DISK]
