"""A root from an archive brings links that are root's, as pm unpacks it: no path of a plan goes by
them, or who may only lay a root would lay it over /etc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, archive, bind, mounted, subroot
from tests.support.wait import until

from enve_pm.shell.process.mountinfo import Mount

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, around=OWN) as box:
        (tmp_path / "victim").mkdir()
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree/out").symlink_to(tmp_path / "victim")
        yield box


def refused(box: Box, name: str) -> None:
    until(lambda: "is a link of a root's own" in box.unit(name)["detail"], "the reason")


def on_the_victim(box: Box) -> list[Mount]:
    victim = str(box.home.parent / "victim")
    return [mount for mount in mounted(box) if victim in (mount.at, mount.root)]


def test_it_is_not_laid_over_what_its_own_link_names(box: Box) -> None:
    product = archive(box)
    own = f".tree-{product['sha256'][:16]}"
    box.load(subroot("root", "tar", product=product, at=f"{own}/out"), status=3)
    refused(box, "root")
    assert on_the_victim(box) == []


@pytest.mark.parametrize("way", ["root", "over"])
def test_no_mount_is_led_by_what_lies_in_it(box: Box, way: str) -> None:
    base = subroot("root", "tar", product=archive(box))
    spot = box.home / "spots/root"
    units: list[dict[str, Any]] = [base]
    if way == "over":
        over = subroot("over", "overlay", lower=[str(spot / "root")])
        units.append({**over, "needs": ["root"]})
        spot = box.home / "spots/over"
    box.load(*units)
    out = spot / "root/out"
    for unit in (bind("evil", out), bind("evil", box.home.parent / "tree", out)):
        box.load(*units, unit, status=3)
        refused(box, "evil")
        assert on_the_victim(box) == []
