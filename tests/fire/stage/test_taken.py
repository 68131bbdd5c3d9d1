"""What somebody else has built is taken in place of being built: nothing of it is fetched, and none
of what only its build needs is made."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.keys import KeyHome
from tests.support.mirror import Mirror
from tests.support.workbench import ARGV, room

pytestmark = pytest.mark.real


class World:
    """A builder who has a compiler and reaches the sources; others who have neither; and a server
    for what the builder gives away."""

    def __init__(self, folder: Path, site: Mirror, sources: Mirror, keys: KeyHome) -> None:
        self.folder = folder
        self.site = site
        self.sources = sources
        self.keys = keys
        self.compiler = folder / "compiler"
        self.compiler.touch()
        self.ring = folder / "ring.gpg"
        self.ring.write_bytes(keys.public(keys.make("ci")))
        self.profile = folder / "app.json"
        lib = {"url": self.archive("lib"), "table": self.table("lib")}
        app = self.table("app", "lib", deps={"build": [lib]}, run={"cmd": ["bin/app"]})
        self.profile.write_text(json.dumps(app))
        self.url = self.archive("app")

    def archive(self, title: str) -> str:
        """A source; its pinned url."""
        (self.folder / title).mkdir()
        (self.folder / title / title).write_text(f"#!/bin/sh\necho {title}\n")
        (self.folder / title / title).chmod(0o755)
        path = self.sources.folder / f"{title}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(self.folder / title, title)
        sum_ = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{self.sources.url}/{title}.tar.gz#sha256={sum_}"

    def table(self, title: str, *needs: str, **more: Any) -> dict[str, Any]:
        run = [f"test -e {self.compiler}", "mkdir -p $OUT$PREFIX/bin", "cp * $OUT$PREFIX/bin"]
        run += [f"test -e $DEP_{one.upper()}/bin/{one}" for one in needs]
        build = {"run": run, "sandbox": "none"}
        return {"enve": 1, "title": title, "prefix": f"/opt/{title}", "build": build, **more}

    def run(self, who: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        home = self.folder / who
        home.mkdir(exist_ok=True)
        store = f"{home}/store" + ("" if who == "builder" else f":{self.site.url}")
        env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(home),
            "ENVE_STORE": store,
            "ENVE_KEYRING": str(self.ring),
            **environ,
        }
        return subprocess.run(
            [*ARGV, *words], env=env, cwd=home, capture_output=True, text=True, check=False
        )

    def good(self, who: str, *words: str, **environ: str) -> str:
        done = self.run(who, *words, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def export(self, title: str = "app") -> list[str]:
        """Titles of what was put on the server."""
        words = ("store", "export", title, str(self.site.folder), "--sign-with", "ci")
        told = self.good("builder", *words, GNUPGHOME=str(self.keys.path))
        return sorted(line.rpartition("/")[2].partition("-")[2] for line in told.splitlines())

    def titles(self, who: str) -> dict[str, set[str]]:
        """Catalog: titles that its store has."""
        rows = json.loads(self.good(who, "store", "list", "-o", "json"))["entries"]
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["catalog"], set()).add(row["meta"]["title"])
        return found

    def install(self, who: str) -> subprocess.CompletedProcess[str]:
        return self.run(who, "fire", "-f", str(self.profile), "install", self.url)

    def away(self, *titles: str) -> None:
        for title in titles:
            (self.sources.folder / f"{title}.tar.gz").unlink()


@pytest.fixture
def world() -> Iterator[World]:
    """The app is built of a lib, and the builder has built both."""
    with room() as folder, tempfile.TemporaryDirectory() as below, KeyHome() as keys:
        folder.chmod(0o755)  # who can reach all of it could have fetched it
        with Mirror(folder / "site") as site, Mirror(Path(below)) as sources:
            made = World(folder, site, sources, keys)
            assert made.install("builder").returncode == 0
            made.compiler.unlink()
            yield made


def test_nothing_is_fetched_nor_built_for_what_is_served(world: World) -> None:
    world.away("lib", "app")
    done = world.install("early")
    assert done.returncode and "answers 404" in done.stderr, "nobody serves it yet"
    assert world.export() == ["app.tar.gz", "app.tar.gz", "lib.tar.gz"]

    done = world.install("consumer")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip(), "bin/app").read_text() == "#!/bin/sh\necho app\n"
    assert done.stderr.count(": taken") == 1
    assert world.titles("consumer") == {"install": {"app"}}
    ran = world.good("consumer", "fire", "-f", str(world.profile), world.url)
    assert ran == "app\n"


def test_what_is_needed_to_build_is_taken_too(world: World) -> None:
    """The lib is served, and the app is not: it is built here, of its source."""
    world.export("lib")
    world.away("lib")
    world.compiler.touch()
    done = world.install("consumer")
    assert done.returncode == 0, done.stderr
    assert world.titles("consumer")["build"] == {"app"}


def test_an_artifact_alone_is_enough(world: World) -> None:
    world.export()
    world.away("lib", "app")
    listed = json.loads(world.good("builder", "store", "list", "-o", "json"))["entries"]
    for row in listed:
        if row["catalog"] != "build":
            for end in (".tar.gz", ".sig"):
                (world.site.folder / (row["name"] + end)).unlink(missing_ok=True)
    done = world.install("consumer")
    assert done.returncode == 0, done.stderr
    assert world.titles("consumer") == {"build": {"app"}, "install": {"app"}}


def test_an_artifact_knows_what_it_was_built_of(world: World) -> None:
    rows = json.loads(world.good("builder", "store", "list", "-o", "json"))["entries"]
    names = {row["name"]: (row["catalog"], row["meta"]["title"]) for row in rows}
    [app] = [row for row in rows if (row["catalog"], row["meta"]["title"]) == ("build", "app")]
    assert [names[name] for name in app["meta"]["deps"]] == [("install", "lib")]
