"""A volume that would be gone with its unit does not take what another has laid there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, volume
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
