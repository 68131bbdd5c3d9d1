"""A plan that names a commit, on a real node: from a git repository to a process that is reloaded,
upgraded, kept when a build fails, and taken back."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.contents import beside, plain
from tests.support.fetching import Repo
from tests.support.fleet import Fleet
from tests.support.wait import until

pytestmark = pytest.mark.real
TOOL = """#!/bin/sh
trap 'echo reloaded $(cat $ROOT$PREFIX/etc/conf)' HUP
echo serving VERSION $(cat $ROOT$PREFIX/etc/conf)
while :; do sleep 0.1; done
"""
PROFILE: dict[str, Any] = {
    "enve": 1,
    "title": "tool",
    "vars": {"port": 80},
    "prefix": "/opt/tool",
    "build": {"run": ["mkdir -p $OUT$PREFIX/bin", "cp tool $OUT$PREFIX/bin/"]},
    "setup": {"files": [{"path": "etc/conf", "template": "port={{port}}\n"}]},
    "run": {"cmd": ["/opt/tool/bin/tool"], "reload": {"signal": "HUP"}},
}


class Local:
    """A node on this machine, in a folder of its own."""

    def __init__(self, folder: Path, name: str = "n1") -> None:
        self.name = name
        self.home = folder / "pm"

    @property
    def inventory(self) -> dict[str, Any]:
        local = {"connection": "local", "install": "user", "register": "none"}
        return {**local, "home": str(self.home)}


class Chain:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = Local(folder)
        self.repo = Repo(folder / "source")
        self.gate = folder / "gate"
        user = pwd.getpwuid(os.getuid()).pw_name
        self.fleet = Fleet(folder, [self.node], user=user)
        self.fleet.pms = {}
        self.fleet.write()

    def version(self, number: int, *build: str) -> None:
        """Another commit, with a tag. `build`: commands that look at the gate, outside walls."""
        how = {**PROFILE["build"], "run": [*build, *PROFILE["build"]["run"]]}
        how |= {"sandbox": "none"} if build else {}
        profile = {**PROFILE, "version": str(number), "build": how}
        (self.repo.path / "tool").write_text(TOOL.replace("VERSION", str(number)))
        (self.repo.path / "tool").chmod(0o755)
        (self.repo.path / "enve.yml").write_text(json.dumps(profile))
        self.repo.git("add", "-A")
        self.repo.git("commit", "-qm", str(number))
        self.repo.git("tag", f"v{number}")

    def plan(
        self, number: int, port: int = 80, spots: tuple[str, ...] = ("web",), **m: Any
    ) -> Path:
        commit = {"url": f"{self.repo.url}#v{number}", "set": {"port": port}, "trust": True, **m}
        return self.fleet.plan({f"*.{spot}": {"commit": commit} for spot in spots})

    def march(self, *args: Any, code: int = 0, **more: Any) -> str:
        plan = self.plan(*args, **more)
        done = self.fleet.march(plan, code=code, ENVE_STORE=str(self.folder / "own-store"))
        return plain(done.stdout + done.stderr)

    def log(self, unit: str = "web") -> list[str]:
        files = beside(self.node.home / "log" / f"{unit}.log")
        return [line for file in files for line in file.read_text().splitlines()]

    def said(self, text: str) -> None:
        until(lambda: text in self.log(), f"web to say {text!r} (it said {self.log()})")

    def row(self, unit: str = "web") -> dict[str, Any]:
        """What pm shows of it."""
        shown = json.loads((self.node.home / "public/status.json").read_text())
        found: dict[str, Any] = shown["units"][unit]
        return {**found, "detail": plain(found.get("detail", ""))}

    def builds(self) -> int:
        """How many artifacts there are."""
        found = (self.node.home / "artifacts").glob("*/*-build/*-tool")
        return sum(not path.name.startswith(".") for path in found)


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with tempfile.TemporaryDirectory(prefix="enve-chain-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Chain(folder)
        with made.fleet:
            made.fleet.deploy()
            try:
                yield made
            finally:
                made.fleet.run("deploy", "--remove", "--yes", "inventory.yml", code=None)


def test_from_a_repository_to_a_service_and_back(chain: Chain) -> None:
    before = chain.builds()
    chain.version(1)
    told = chain.march(1)
    assert "+  [tool-1!build@web]   build" in told
    chain.said("serving 1 port=80")
    first = chain.row()
    listed = chain.fleet.rows()["n1.web"]
    assert (listed["state"], listed["pid"]) == ("RUNNING", first["pid"])
    assert plain(listed["commit"]) == "tool-1"

    told = chain.march(1, 81)  # another config: a setup, and a reload
    assert "~  [tool-1!setup@web] setup     etc/conf +1 -1" in told
    assert re.search("~  web +reload +after its setup", told)
    chain.said("reloaded port=81")
    assert chain.row()["pid"] == first["pid"]
    assert "nothing to do" in chain.march(1, 81)

    chain.version(2, f"while ! test -e {chain.gate}; do sleep 0.05; done")
    new = chain.fleet.start(
        *("march", str(chain.plan(2, 81)), "--yes", "--key", chain.fleet.alice),
        ENVE_STORE=str(chain.folder / "own-store"),
    )
    until(lambda: "waits for tool-2!build@web" in chain.row()["detail"], "web to wait")
    assert (chain.row()["state"], chain.row()["pid"]) == ("RUNNING", first["pid"])
    chain.gate.touch()
    out, err = map(plain, new.communicate(timeout=60))
    assert new.returncode == 0, out + err
    assert "restart   tool-1 -> tool-2" in out
    chain.said("serving 2 port=81")
    second = chain.row()
    assert second["pid"] not in (0, first["pid"])

    chain.version(3, "echo no rule to make it; exit 9")
    told = chain.march(3, 81, code=3)
    assert "[tool-3!build@web]" in told
    assert "status 9: echo no rule to make it" in told
    assert "exit:82 build" in told
    assert "  | no rule to make it" in told
    kept = re.search(r"all that was printed: (\S+)", told)
    assert kept and "no rule to make it" in Path(kept[1]).read_text()
    why = plain(chain.fleet.run("why", "n1.web").stdout)
    assert "waits for n1.[tool-3!build@web]  STARTING" in why
    for words in ("| no rule to make it", "plan.yml:4:3", "alice", "plan#"):
        assert words in why, why
    assert chain.row()["pid"] == second["pid"]
    assert "its new line waits for tool-3!build@web" in chain.row()["detail"]

    made = chain.builds()
    told = chain.march(1, 81)  # back: everything is there
    assert "tool-2 -> tool-1" in told  # 3 never ran
    chain.said("serving 1 port=81")
    assert chain.builds() == made == before + 2
    assert chain.log().count("serving 1 port=81") == 1


def test_a_reload_that_fails_is_named(chain: Chain) -> None:
    chain.version(20)
    for port, code in ((80, 0), (81, 3), (81, 3)):
        commit = {"url": f"{chain.repo.url}#v20", "set": {"port": port}}
        reload = ["sh", "-c", "echo no such port; exit 7"]
        plan = chain.fleet.plan({"*.extra": {"commit": commit, "reload": reload}})
        done = chain.fleet.march(plan, code=code, ENVE_STORE=str(chain.folder / "own-store"))
        if code:  # also where nothing is sent any more
            assert re.search("extra  (RUNNING )?reload: exit:7", done.stdout + done.stderr)
    why = chain.fleet.run("why", "n1.extra").stdout
    assert "no such port" in why
    assert "it runs by its old config" in why


def test_a_program_that_is_gone_leads_to_what_lays_it_again(chain: Chain) -> None:
    chain.version(21)
    chain.march(21)
    [place] = beside(chain.node.home / "spots/web/tool-21")
    (place / "opt/tool/bin/tool").unlink()
    chain.fleet.run("restart", "n1.web", code=3)
    why = chain.fleet.run("why", "n1.web").stdout
    assert "its program is missing" in why, why
    advice = why.partition("its program is missing")[2]
    verify, recheck = re.findall(
        r"enve ((?:shell|recheck) .*?)(?: names it|$)", advice, re.MULTILINE
    )
    assert "tool" in chain.fleet.run(*shlex.split(verify), code=None).stdout
    chain.fleet.run(*shlex.split(recheck), code=None)
    until(lambda: chain.row()["state"] == "RUNNING", "web to run again")
    assert (place / "opt/tool/bin/tool").exists()


def test_three_spots_and_three_versions_are_nine_folders(chain: Chain) -> None:
    spots, versions, made = ("db", "bob", "extra"), (4, 5, 6), chain.builds()
    for number in versions:
        chain.version(number)
        chain.march(number, spots=spots)
    places = [chain.node.home / f"spots/{spot}/tool-{n}" for spot in spots for n in versions]
    found = [one for place in places for one in beside(place)]
    assert len(found) == 9
    assert all((place / "opt/tool/bin/tool").exists() for place in found)
    assert chain.builds() == made + 3  # each version is built once for all spots


def test_an_artifact_that_is_built_here(chain: Chain) -> None:
    chain.version(7)
    chain.march(7, spots=("job",), artifact="push")
    until(lambda: "serving 7 port=80" in chain.log("job"), "job to run")
    assert not any("mkdir -p" in line for line in chain.log("tool-7!build@job"))


def test_who_asks_how_it_is_finds_what_it_runs_with(chain: Chain) -> None:
    """Readiness, health and reload by a program of a product that it needs."""
    lib = Repo(chain.folder / "lib")
    (lib.path / "bin").mkdir()
    (lib.path / "bin/lib-tell").write_text('#!/bin/sh\necho "$1" >>$ROOT/told\n')
    (lib.path / "bin/lib-tell").chmod(0o755)
    (lib.path / "enve.yml").write_text("{enve: 1, title: lib}")
    lib.git("add", "-A")
    lib.git("commit", "-qm", "1")
    chain.version(10)
    spot = chain.node.home / "spots/extra"

    def told() -> set[str]:
        files = [place / "told" for place in beside(spot / "tool-10")] if spot.exists() else []
        return {word for file in files if file.exists() for word in file.read_text().split()}

    def march(port: int) -> None:
        config = {"deps": {"run": [{"url": lib.url}]}, "vars": {"port": port}}
        line = {
            "commit": {"url": f"{chain.repo.url}#v10", "config": config},
            "ready": {"check": "lib-tell ready"},
            "health": {"command": "lib-tell well", "every": "200ms"},
            "reload": "lib-tell again",
        }
        chain.fleet.march(
            chain.fleet.plan({"*.extra": line}), ENVE_STORE=str(chain.folder / "own-store")
        )

    march(80)
    until(lambda: {"ready", "well"} <= told(), "health")
    march(81)
    until(lambda: "again" in told(), "the reload")


def test_another_content_of_a_version_takes_nothing_from_the_one_that_runs(chain: Chain) -> None:
    chain.version(9)
    chain.march(9, spots=("bob",))
    until(lambda: chain.log("bob").count("serving 9 port=80") == 1, "bob to run")
    other = {"build": {"env": {"A": "b"}}, "setup": {"run": ["exit 7"]}}
    told = chain.march(9, spots=("bob",), config=other, code=3)
    assert "[tool-9!setup@bob]" in told
    chain.fleet.run("restart", "n1.bob")
    until(lambda: chain.log("bob").count("serving 9 port=80") == 2, "bob to run again")
