"""Software as its authors wrote it (tests/support/others.py), on a node behind a real sshd: fetched
by git, built once for two spots, set up twice, set up again, upgraded, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contents import beside, plain
from tests.support.realsite import SPOTS, Servers, Site
from tests.support.wait import until

pytestmark = pytest.mark.real
NIGHTLY = pytest.mark.nightly


def _each(first: str, *others: str) -> list[Any]:
    """The quickest of them for each commit."""
    return [first, *(pytest.param(name, marks=NIGHTLY) for name in others)]


@pytest.mark.parametrize("name", _each("tinyproxy", "nginx", "redis", "dropbear"))
def test_a_server_from_its_authors_to_a_fleet(site: Site, name: str) -> None:
    servers = Servers(site, name)
    one, two = servers.other.versions
    servers.march(servers.product.url(0), 0)
    first = servers.pids()
    made = site.built(name)
    assert made == 1, "two spots, one build"

    servers.change()
    servers.march(servers.product.url(0), 0)
    changed = servers.pids()
    kept = "reload" in servers.other.profile["run"]
    assert set(changed) & set(first) == (set(first) if kept else set())

    told = servers.march(servers.product.url(1), 1)
    assert f"{name}-{one} -> {name}-{two}" in plain(told)
    second = servers.pids()
    assert not set(second) & set(changed)
    assert site.built(name) == 2

    asked = len(site.mirror.asked)
    servers.march(servers.product.commits[0], 0)
    assert not set(servers.pids()) & set(second)
    assert len(site.mirror.asked) == asked, "nothing is fetched"
    assert site.built(name) == 2, "nothing is built"
    _side_by_side(site, name)


def _side_by_side(site: Site, name: str) -> None:
    other = site.published(name).other
    for spot in SPOTS:
        for version in other.versions:
            (place,) = beside(site.home / f"spots/{spot}/{name}-{version}")
            assert (place / ".enve/install").is_file()


@pytest.mark.nightly
def test_two_setups_of_nginx_in_one_root(site: Site) -> None:
    where = {spot: {"place": str(site.root), "cfgpath": spot} for spot in SPOTS}
    servers = Servers(site, "nginx", **where)
    for spot, values in servers.values.items():
        values.update(site=spot, greeting=f"this is {spot}")
    servers.march(servers.product.url(0), 0)
    first = servers.pids()
    _greet(servers)
    before = servers.values["web"]["port"]

    servers.change("web")
    servers.march(servers.product.url(0), 0)
    _greet(servers)
    assert servers.pids() == first, "one is reloaded, the other left alone"
    until(lambda: not servers.other.answers(before, "nginx"), "the former port to be free")
    for spot in SPOTS:
        assert (site.root / f"opt/nginx/conf/{spot}.conf").is_file()


def _greet(servers: Servers) -> None:
    for spot, values in servers.values.items():
        says = f"this is {spot}\n"
        until(lambda at=values["port"], says=says: servers.other.answers(at, says), says)


@pytest.mark.parametrize("name", _each("lua", "hello", "uwsgi", "left-pad"))
def test_a_program_from_its_authors_to_a_fleet(site: Site, name: str) -> None:
    """As a job: it says which version it is, each time that it is marched."""
    product = site.published(name)
    real, says = product.other.real, [*map(product.other.says, product.other.versions)]
    before, told = len(site.log("job")), []
    for url, version in ((product.url(0), 0), (product.url(1), 1), (product.commits[0], 0)):
        told.append(says[version])
        commit = {"url": url, "set": real.get("set", {}), "config": real.get("config", {})}
        site.march({"*.job": {"kind": "job", "run": real["run"], "commit": commit}})
        until(lambda: _said(site.log("job")[before:], says) == told, f"{name} to have said {told}")
    assert site.built(name) == (2 if "build" in product.other.profile else 0)


def _said(lines: list[str], says: list[str]) -> list[str]:
    """Which of these each line says."""
    return [one for line in lines for one in says if one in line]
