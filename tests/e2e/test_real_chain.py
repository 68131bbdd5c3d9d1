"""tinyproxy, as its authors wrote it, at two spots of a node behind a real sshd: fetched by git,
built once, set up twice, reloaded, upgraded, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fire.real.conftest import port, profile
from tests.support import registry
from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.mirror import Mirror
from tests.support.wait import until

pytestmark = pytest.mark.real
SPOTS = ("web", "db")


class Proxies:
    """A fleet of one node, and tinyproxy in a repository."""

    def __init__(self, fleet: Fleet, mirror: Mirror) -> None:
        self.fleet = fleet
        self.mirror = mirror
        self.repo = mirror.repo("tinyproxy", registry.debian("tinyproxy"))
        self.ports = {spot: port() for spot in SPOTS}
        self.text = Path(profile("tinyproxy")).read_text()

    def version(self, name: str) -> str:
        """A commit, and its tag's url."""
        (self.repo.path / "enve.yml").write_text(self.text.replace("1.11.1", name))
        (self.repo.path / "src" / "version.h").write_text(f"/* {name} */\n")
        self.repo.commit()
        self.repo.git("tag", "v" + name)
        return self.mirror.publish(self.repo) + "#v" + name

    def march(self, url: str, **values: Any) -> str:
        def spot(name: str) -> dict[str, Any]:
            found = {"port": self.ports[name], "cflags": "-O0", **values}
            address = f"127.0.0.1:{self.ports[name]}"
            return {"commit": {"url": url, "set": found}, "ready": {"tcp": address}}

        plan = self.fleet.plan({f"*.{name}": spot(name) for name in SPOTS})
        return self.fleet.march(plan).stdout

    def pids(self) -> list[int]:
        rows = self.fleet.rows()
        assert {rows[f"n1.{spot}"]["state"] for spot in SPOTS} == {"RUNNING"}
        return [rows[f"n1.{spot}"]["pid"] for spot in SPOTS]

    def conf(self, spot: str, version: str) -> str:
        place = f"spots/{spot}/tinyproxy-{version}/opt/tinyproxy/etc/tinyproxy.conf"
        (found,) = self.fleet.folder.parent.glob(f"**/{place}")
        return found.read_text()


@pytest.fixture
def proxies(tmp_path: Path) -> Iterator[Proxies]:
    registry.debian("tinyproxy")
    with Lab(1) as lab, Mirror(tmp_path / "www") as mirror:
        folder = lab.folder / "fleet"
        folder.mkdir()
        with Fleet(folder, lab.nodes) as fleet:
            fleet.deploy()
            yield Proxies(fleet, mirror)


def test_tinyproxy_from_its_authors_to_a_fleet(proxies: Proxies) -> None:
    one = proxies.version("1.11.1")
    proxies.march(one)
    first = proxies.pids()
    assert "Timeout 600\n" in proxies.conf("web", "1.11.1")
    assert f"Port {proxies.ports['db']}\n" in proxies.conf("db", "1.11.1")
    assert _built(proxies) == 1, "two spots, one build"

    proxies.march(one, timeout=30)
    assert "Timeout 30\n" in proxies.conf("db", "1.11.1")
    assert proxies.pids() == first

    told = proxies.march(proxies.version("1.11.2"), timeout=30)
    assert "tinyproxy-1.11.1 -> tinyproxy-1.11.2" in told
    second = proxies.pids()
    assert not set(second) & set(first)

    made = _built(proxies)
    proxies.march(one, timeout=30)
    until(lambda: not set(proxies.pids()) & set(second), "the former version to run")
    assert _built(proxies) == made == 2


def _built(proxies: Proxies) -> int:
    stores = proxies.fleet.folder.parent.glob("**/artifacts/*/*-build")
    return sum(len(list(one.glob("*-tinyproxy"))) for one in stores)
