"""Who has rights in the network of a unit changes what it bears in there, and it is the unit's all
the same: it is put right, and goes with the unit."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from tests.support.box import Box
from tests.support.networks import OWN, ip, links, names, namespace

pytestmark = [pytest.mark.real, pytest.mark.host]
NET = namespace("net", "10.9.1.2/30", outer=["10.9.1.1/30"])


@pytest.mark.parametrize(
    "word",
    [
        "set lo alias pm:another",
        "set eth0 alias pm:another",
        "set eth0 alias ",
        "set eth0 down name eth1",
        "del eth0",
        "set lo down name other",
    ],
)
def test_it_stays_the_units(tmp_path: Path, word: str) -> None:
    with Box(tmp_path, around=OWN) as box:
        box.load(NET)
        ip(box, "-n", "net", "link", *word.split(" "))
        box.pm("recheck", "net")
        box.wait("net", "RUNNING")
        assert "eth0" in links(box, "-n", "net")
        with suppress(CalledProcessError):  # what has another name keeps it
            ip(box, "-n", "net", "link", *word.split(" "))
        box.order("stop", "net")
        assert not names(box) and not links(box)
