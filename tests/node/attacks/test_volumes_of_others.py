"""A volume that would be gone with its unit does not take what another has laid there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, volume
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs folders of several users")
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
