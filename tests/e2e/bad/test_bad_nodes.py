"""Nodes that lack something: deploy names it and its remedy, and lays nothing down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import lacking
from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.pmnode import PmNode
from tests.support.site import Site, screen

pytestmark = [pytest.mark.real, pytest.mark.host]
DAYS = 86_400
SAYS = {
    "n1": ("there is no Python", "python3"),
    "n2": ("lacks json ctypes", "python3"),
    "n3": ("there is no gpgv", "gpgv"),
    "n4": ("its clock is 3 days", "clock"),
    "n5": ("KiB are free", "room"),
}


@pytest.fixture(scope="module")
def poor() -> Iterator[Fleet]:
    """Five nodes, each with a fault of its own, and a good one."""
    with ExitStack() as stack:
        lab = Lab(6)
        n1, n2, n3, n4, n5, _ = lab.nodes
        n1.prefix = lacking.masked(lacking.programs(*lacking.PYTHONS))
        n2.prefix = lacking.minimal_python(n2.folder / "bin")
        n3.prefix = lacking.masked(lacking.programs("gpgv"))
        n4.environment = lacking.shim(n4.folder / "bin", lacking.wrong_clock(-3 * DAYS - 60))
        n5.prefix = lacking.on_a_small_disk(n5.home, "8m")
        stack.enter_context(lab)
        fleet = stack.enter_context(Fleet(lab.folder, lab.nodes, user=n1.user))
        fleet.pms = {}
        fleet.write()
        fleet.homes = [PmNode(node).home for node in lab.nodes]  # type: ignore[attr-defined]
        yield fleet


def test_deploy_says_what_each_node_lacks_and_serves_the_good_one(poor: Fleet) -> None:
    done = poor.deploy("-o", "json", code=3)
    results = {result["node"]: result for result in json.loads(done.stdout)["results"]}
    for name, (what, remedy) in SAYS.items():
        problem = results[name]["problem"]
        assert problem["code"] == 3
        assert what in problem["message"], problem
        assert remedy in problem["hint"], problem
    assert results["n6"]["outcome"] == "changed", results["n6"]
    *bad, good = poor.homes  # type: ignore[attr-defined]
    assert good.exists()
    assert [home for home in bad if home.exists()] == []


def test_a_march_to_them_says_that_there_is_no_pm(poor: Fleet) -> None:
    said = screen(poor.march(poor.plan({"*.db": {"run": "sleep 86400"}}), code=3))
    assert "there is no pm on it" in said
    assert "enve-deploy" in said
    assert "applied 1 of 6" in said


# -- a node that loses something later ------------------------------------------------------------
@pytest.fixture(scope="module")
def small() -> Iterator[Site]:
    """One node on a disk of its own."""
    site = Site(1)
    node = site.lab.nodes[0]
    node.prefix = lacking.on_a_small_disk(node.home, "48m")
    with site:
        yield site


def fill(folder: Path) -> Path:
    """Until not one byte more fits."""
    file = folder / "fill"
    with file.open("wb", buffering=0) as stream:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    stream.write(bytes(size))
            except OSError:
                continue
    return file


def test_a_full_disk_refuses_the_plan_and_stops_nothing(small: Site) -> None:
    full = fill(small.pm("n1").home)
    try:
        with small.unchanged():
            said = screen(small.fleet.march(small.plan("more " * 2000), "-T", "40", code=3))
            assert "rejected (storage)" in said
            assert "free space" in said
            assert small.fleet.states() == {"n1.db": "RUNNING", "n1.web": "RUNNING"}
    finally:
        full.unlink()
    small.fleet.march(small.plan("with room"))
    assert (small.pm("n1").home / "spots/web/web.conf").read_text() == "greeting=with room"
    small.march()


def test_without_gpgv_nothing_is_believed(small: Site) -> None:
    node = small.lab.nodes[0]
    path = lacking.programs("gpgv")[0]
    lacking.mask_now(node, path)
    try:
        with small.unchanged():
            said = screen(small.fleet.march(small.plan("unseen"), "-T", "40", code=3))
            assert "rejected (lacks): no signature can be checked here: gpgv" in said
            assert "install gpgv on the node" in said
    finally:
        lacking.unmask_now(node, path)
    small.fleet.march(small.plan("seen"))
