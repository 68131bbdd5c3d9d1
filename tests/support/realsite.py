"""A fleet of one node behind a real sshd, and a mirror of what others have written."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.mirror import Mirror
from tests.support.others import Other, Published, port
from tests.support.wait import until

PATIENCE = 900  # seconds for a march: the largest of them take a minute on an idle machine


class Site:
    """A context manager."""

    def __init__(self, folder: Path) -> None:
        self._lab = Lab(1)
        self.home = self._lab.nodes[0].state / "pm"
        self.mirror = Mirror(folder)
        below = self._lab.folder / "fleet"
        below.mkdir()
        self.fleet = Fleet(below, self._lab.nodes)
        self.fleet.patience = PATIENCE
        self.root = self._lab.folder / "root"  # which several spots may write to
        for ceiling in self.fleet.spots.values():
            ceiling["writes"] = [str(self.root)]
        self.fleet.write()
        self._known: dict[str, Published] = {}

    def __enter__(self) -> Site:
        self._lab.__enter__()
        self.mirror.__enter__()
        self.fleet.deploy()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.fleet.close()
        self.mirror.__exit__()
        self._lab.end()

    def published(self, name: str) -> Published:
        """Its archive is asked for once."""
        if name not in self._known:
            self._known[name] = Published(Other(name), self.mirror)
        return self._known[name]

    def march(self, spots: dict[str, Any]) -> str:
        plan = self.fleet.plan(spots)
        return self.fleet.march(plan, "-T", str(PATIENCE)).stdout

    def pids(self, *spots: str) -> list[int]:
        rows = self.fleet.rows()
        assert {rows[f"n1.{spot}"]["state"] for spot in spots} == {"RUNNING"}
        return [rows[f"n1.{spot}"]["pid"] for spot in spots]

    def built(self, title: str) -> int:
        """How many artifacts of it the node has."""
        return len(list(self.home.glob(f"artifacts/*/*-build/*-{title}")))

    def log(self, unit: str) -> list[str]:
        file = self.home / f"log/{unit}.log"
        return file.read_text().splitlines() if file.exists() else []


class Servers:
    """A server at two spots. `values`: what its profile is given, by spot; `more`: of a commit."""

    def __init__(self, site: Site, name: str, **more: dict[str, Any]) -> None:
        self.site = site
        self.product = site.published(name)
        self.other = self.product.other
        self._more = more
        given = self.other.real.get("set", {})
        self.values = {spot: {**given, "port": port()} for spot in SPOTS}

    def change(self, *spots: str) -> None:
        """Another setup: what `real.yml` says, or another port."""
        for spot in spots or SPOTS:
            self.values[spot].update(self.other.real.get("change") or {"port": port()})

    def march(self, url: str, version: int) -> str:
        """Both, until they answer with that version."""
        spots = {
            f"*.{spot}": {"commit": {"url": url, "set": values, **self._more.get(spot, {})}}
            for spot, values in self.values.items()
        }
        told = self.site.march(spots)
        says = self.other.says(self.other.versions[version])
        for spot, values in self.values.items():
            what = f"{spot} to say {says!r}"
            until(lambda at=values["port"]: self.other.answers(at, says), what)  # type: ignore[misc]
        return told

    def pids(self) -> list[int]:
        return self.site.pids(*SPOTS)


SPOTS = ("web", "db")
