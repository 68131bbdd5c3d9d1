"""What a step of a unit takes from a store of others, in place of making it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fire.unit.test_unit_steps import Node
from tests.support.fetching import MAIN, Repo
from tests.support.keys import KeyHome
from tests.support.mirror import Mirror

from enve_pm.core.stores import encoded

pytestmark = pytest.mark.real

NO_WALLS = {"sandbox": "none"}  # which would hide the file that a build looks for


class Pair:
    """Two nodes with one product that needs a library; as long as `closed` is there, whatever is
    built fails."""

    def __init__(self, folder: Path, kind: str, keys: KeyHome, www: Mirror) -> None:
        self._keys = keys
        self._www = www
        self.closed = folder / "closed"
        library = self._library(Repo(folder / "lib"))
        for name in ("one", "other"):
            (folder / name).mkdir()
        self.one, self.other = Node(folder / "one"), Node(folder / "other")
        self.other.body = self.one.body
        for node in (self.one, self.other):
            node.table["build"] = {"run": [self._open, *node.table["build"]["run"]], **NO_WALLS}
            node.table["deps"] = {kind: [library]}
        ring = encoded(keys.public(keys.make("ci")))
        key = {"ring": ring, "since": 0, "until": 0}
        self.stores = {"stores": {"from": [www.url], "keys": [key]}}

    @property
    def _open(self) -> str:
        return f"test ! -e {self.closed}"

    def _library(self, repo: Repo) -> dict[str, Any]:
        commit = repo.commit(say="echo lib\n")
        run = [self._open, "mkdir -p $OUT$PREFIX", "cp say $OUT$PREFIX/"]
        table = {"enve": 1, "title": "lib", "prefix": "/opt/lib", "build": {"run": run, **NO_WALLS}}
        source = "git:" + repo.git("rev-parse", "HEAD^{tree}")
        return {"url": f"{repo.url}#{commit}", "source": source, "table": table}

    def export(self, title: str) -> None:
        """Of what the one has built."""
        store = {"ENVE_STORE": str(self.one.path / "store"), "GNUPGHOME": str(self._keys.path)}
        words = ["store", "export", title, str(self._www.folder), "--sign-with", "ci"]
        argv = [sys.executable, "-I", "-S", str(MAIN), *words]
        subprocess.run(argv, env={**os.environ, **store}, check=True, capture_output=True)

    def made(self, node: Node, do: str, **more: Any) -> None:
        assert node.step(do, "make", body=more) == (0, "")


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """In a folder that all may enter: what not everybody could fetch is asked of nobody."""
    with tempfile.TemporaryDirectory(prefix="enve-taken-") as name, KeyHome() as keys:
        folder = Path(name)
        folder.chmod(0o755)
        with Mirror(folder / "www") as www:
            yield Pair(folder, request.param, keys, www)


@pytest.mark.parametrize("pair", ["build"], indirect=True)
def test_what_a_build_needs_is_not_made_for_what_is_taken(pair: Pair) -> None:
    pair.made(pair.one, "build")
    pair.export("tool")
    pair.closed.touch()
    pair.made(pair.other, "build", **pair.stores)
    assert not list((pair.other.path / "store").glob("*-build/*-lib"))


@pytest.mark.parametrize("pair", ["run"], indirect=True)
def test_an_install_takes_what_the_product_runs_with(pair: Pair) -> None:
    pair.made(pair.one, "build")
    pair.made(pair.one, "install")
    pair.export("tool")
    pair.export("lib")
    pair.closed.touch()
    assert pair.other.step("install", "make")[0] == 82
    pair.made(pair.other, "install", **pair.stores)
    assert (pair.other.place / "opt/tool/when").is_file()
