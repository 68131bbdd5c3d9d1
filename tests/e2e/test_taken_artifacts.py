"""An artifact that was built once: another node takes it, from the store of the node that has built
it, or from a repository of packages. Nothing is built there."""

from __future__ import annotations

import json
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_firechain import PROFILE, TOOL, Local
from tests.support.contents import beside, plain
from tests.support.fetching import Repo
from tests.support.fleet import Fleet
from tests.support.mirror import Mirror
from tests.support.wait import until

pytestmark = pytest.mark.real
BUILT = "this is built"


class Pair:
    """Two nodes, whose builds may come from a web server: whoever signs as ci may say so. `closed`:
    as long as it is there, whatever is built fails."""

    def __init__(self, folder: Path, mirror: Mirror) -> None:
        self.folder = folder
        self.mirror = mirror
        self.closed = folder / "closed"
        self.nodes = {name: Local(folder / name, name) for name in ("n1", "n2")}
        self.repo = Repo(folder / "source")
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.fleet = Fleet(folder, self.nodes.values(), user=self.user)
        self.fleet.publish("ci", self.fleet.keys.public(self.fleet.keys.make("ci")))
        self.fleet.keyholes.append({"key": "ci", "may": "build", "scope": "*.web"})
        for ceiling in self.fleet.spots.values():
            ceiling["stores"] = [mirror.url]
        self.fleet.pms = {}
        self.fleet.write()

    def version(self, number: int) -> str:
        """A commit; its url."""
        build = {"run": [f"echo {BUILT}", f"test ! -e {self.closed}", *PROFILE["build"]["run"]]}
        profile = {**PROFILE, "version": str(number), "build": build}
        (self.repo.path / "tool").write_text(TOOL.replace("VERSION", str(number)))
        (self.repo.path / "tool").chmod(0o755)
        commit = self.repo.commit(**{"enve.yml": json.dumps(profile)})
        return f"{self.repo.url}#{commit}"

    def march(self, node: str, url: str, code: int = 0, **commit: Any) -> str:
        """To one of them; the same plan for both."""
        plan = self.fleet.plan({"*.web": {"commit": {"url": url, **commit}}})
        own = str(self.folder / "own-store")
        done = self.fleet.march(plan, "--limit", node, code=code, ENVE_STORE=own)
        return done.stdout + done.stderr

    def store(self, node: str, *words: str) -> str:
        """`enve store`, as the one who builds there."""
        store = self.nodes[node].home / "artifacts" / self.user
        environ = {"ENVE_STORE": str(store), "GNUPGHOME": str(self.fleet.keys.path)}
        return self.fleet.run("store", *words, **environ).stdout

    def export(self, key: str) -> None:
        """What the first has built, to the server."""
        self.store("n1", "export", "tool", str(self.mirror.folder), "--sign-with", key)

    def built(self, node: str) -> int:
        """How many artifacts have the log of a build beside them."""
        found = (self.nodes[node].home / "artifacts").glob("*/*-build/.meta/*-tool.log")
        return sum(BUILT in path.read_text() for path in found)

    def log(self, node: str, unit: str) -> str:
        files = beside(self.nodes[node].home / f"log/{unit}.log")
        return "".join(file.read_text() for file in files)

    def serves(self, node: str, number: int) -> None:
        text = f"serving {number} port=80"
        until(lambda: text in self.log(node, "web"), f"{node} to serve version {number}")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="enve-pair-") as name, Mirror(tmp_path / "www") as www:
        folder = Path(name)
        folder.chmod(0o755)
        made = Pair(folder, www)
        with made.fleet:
            made.fleet.deploy()
            yield made


def test_from_the_store_of_another_node(pair: Pair) -> None:
    one = pair.version(1)
    pair.march("n1", one)  # the server has none yet
    pair.serves("n1", 1)
    assert pair.built("n1") == 1
    pair.export("ci")

    pair.closed.touch()
    pair.march("n2", one)
    pair.serves("n2", 1)
    assert "tool.tar.gz: taken" in pair.log("n2", "tool-1!build@web")
    assert pair.built("n2") == 0
    meta = json.loads(pair.store("n2", "meta", "tool"))
    assert meta["note"]["from"].startswith(pair.mirror.url)

    pair.closed.unlink()
    two = pair.version(2)
    pair.march("n1", two)
    pair.export("alice")  # she may march, but build for nobody
    told = pair.march("n2", two, code=3)
    assert "tool-2!build@web" in plain(told)
    assert "signed" in told
    pair.serves("n2", 1)
    pair.export("ci")
    pair.march("n2", two)
    pair.serves("n2", 2)
    assert pair.built("n2") == 0


@pytest.mark.nightly
def test_from_a_repository_of_packages(pair: Pair) -> None:
    one = pair.version(1)
    package = pair.mirror.folder / "tool-1.tar.gz"
    environ = {"ENVE_STORE": str(pair.folder / "maker")}
    pair.fleet.run("makepkg", one, "-o", str(package), **environ)
    pair.closed.touch()
    for node in pair.nodes:
        pair.march(node, one, artifact=f"{pair.mirror.url}/{package.name}")
        pair.serves(node, 1)
        assert pair.built(node) == 0
