"""A volume that is gone with its unit takes all that is its own, and nothing that another has laid
there; nor does anything stay of what was mounted in a spot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, archive, subroot, tmpfs, volume
from tests.support.wait import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs folders of several users"),
]


def test_what_is_anothers_is_not_removed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "data").touch()
    os.chown(theirs, 2, 2)
    with Box(tmp_path, around=OWN) as box:
        box.load(volume("evil", theirs, ephemeral=True) | {"user": "daemon"}, status=3)
        until(lambda: "not given away" in box.unit("evil")["detail"], "the reason")
        box.pm("stop", "evil")
        box.load()
    assert (theirs / "data").exists()


def test_one_that_was_refused_is_no_debt(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "data").mkdir(parents=True)
    os.chown(theirs, 2, 2)
    os.chown(theirs / "data", 1, 1)
    with Box(tmp_path, around=OWN) as box:
        said = box.load(volume("unit", theirs / "data", ephemeral=True), status=3)
        assert "who could bend the way" in said
        box.load(volume("unit", tmp_path / "ours", ephemeral=True))
        assert (theirs / "data").exists()


def test_one_that_its_user_has_made_deep_goes(tmp_path: Path) -> None:
    with Box(tmp_path, around=OWN) as box:
        box.load(volume("deep", "data", ephemeral=True) | {"user": "daemon"})
        script = "import os\nos.setuid(1)\nfor i in range(2000): os.mkdir('d'); os.chdir('d')"
        subprocess.run([sys.executable, "-c", script], cwd=box.home / "spots/deep/data", check=True)
        box.order("stop", "deep")
        assert not list((box.home / "spots/deep").iterdir())


@pytest.mark.parametrize("kind", ["tmpfs", "over", "archive"])
def test_nothing_stays_in_the_spot_of_what_was_mounted_there(tmp_path: Path, kind: str) -> None:
    with Box(tmp_path, around=OWN) as box:
        units = {
            "tmpfs": tmpfs("unit", "a/b"),
            "over": subroot("unit", "overlay", lower=["/"]),
            "archive": subroot("unit", "tar", product=archive(box)),
        }
        box.load(units[kind])
        box.load()
        until(lambda: not list((box.home / "spots").iterdir()), "the spot to be empty")
