"""A plan that names a commit with a root of its own: made, entered, upgraded, taken away."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enve_pm.shell.process import mountinfo
from tests.e2e.test_firechain import Local
from tests.support.contents import beside
from tests.support.fetching import Repo
from tests.support.fleet import Fleet
from tests.support.mirror import Mirror
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host, pytest.mark.nightly]
TOOL = """#!/bin/sh
echo version VERSION of $PREFIX, $(grep app /etc/passwd), $(ls / | tr '\\n' ' ')
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""
USR = {"type": "bind", "src": "/usr", "dst": "/usr", "ro": True}
SETTLE: dict[str, Any] = {
    "users": [{"name": "app", "uid": 4711}],
    "mounts": [USR, {"type": "bind", "src": "data", "dst": "/srv"}],
    "volumes": [{"path": "data"}],
    "isolate": "jail",
}


class Rooted:
    """A node, and products in repositories."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = Local(folder)
        self.fleet = Fleet(folder, [self.node])
        kinds = ["process", "volume", "subroot", "mount", "resource"]
        self.fleet.spots = {"web": {"user": "root", "kinds": kinds, "reads": ["/usr"]}}
        self.fleet.pms = {}
        self.fleet.write()
        self._repos: dict[str, Repo] = {}

    def version(self, title: str, number: int, script: str, **profile: Any) -> str:
        """A commit of a product that is this script; its url."""
        if title not in self._repos:
            self._repos[title] = Repo(self.folder / title)
        repo = self._repos[title]
        found = {"enve": 1, "title": title, "version": str(number), **profile}
        run = ["mkdir -p $OUT$PREFIX/bin", f"cp {title} $OUT$PREFIX/bin/"]
        found |= {"build": {"run": run}, "run": {"cmd": [f"/opt/{title}/bin/{title}"]}}
        (repo.path / title).write_text(script.replace("VERSION", str(number)))
        (repo.path / title).chmod(0o755)
        return f"{repo.url}#{repo.commit(**{'enve.yml': json.dumps(found)})}"

    def march(self, url: str, **config: Any) -> str:
        plan = self.fleet.plan({"*.web": {"commit": {"url": url, "config": config}}})
        return self.fleet.march(plan, ENVE_STORE=str(self.folder / "own-store")).stdout

    def said(self, text: str) -> None:
        log = self.node.home / "log/web.log"
        until(lambda: log.exists() and text in log.read_text(), f"web to say {text!r}")

    def mounts(self) -> list[str]:
        return [one.at for one in mountinfo.below(str(self.folder), mountinfo.read())]


@pytest.fixture
def rooted() -> Iterator[Rooted]:
    with tempfile.TemporaryDirectory(prefix="enve-root-") as name:
        Path(name).chmod(0o755)
        made = Rooted(Path(name))
        with made.fleet:
            made.fleet.deploy()
            yield made
        until(lambda: not made.mounts(), "all mounts to go")


def test_it_runs_in_its_own_root(rooted: Rooted) -> None:
    rooted.march(rooted.version("tool", 1, TOOL, settle=SETTLE))
    rooted.said("version 1 of /opt/tool, app:x:4711:4711")
    assert "home" not in (rooted.node.home / "log/web.log").read_text()
    rows = rooted.fleet.rows("n1.*")
    assert rows["n1.[root!settle@web]"]["state"] == "RUNNING"
    rooted.march(rooted.version("tool", 2, TOOL, settle=SETTLE))
    rooted.said("version 2 of /opt/tool, app:x:4711:4711")
    assert any(at.endswith("/opt/tool") for at in rooted.mounts())


SHOW = """#!/bin/sh
while :; do echo VERSION: $(ls -n /etc/db.conf; cat /etc/db.conf /etc/made); sleep 0.1; done
"""


def test_setup_is_done_in_its_root(rooted: Rooted) -> None:
    def march(number: int, port: int) -> None:
        file = {
            "path": "/etc/db.conf",
            "template": f"port={port}\n",
            "owner": "app",
            "mode": "0640",
        }
        setup = {"files": [file], "run": [f"echo made {port} by $ENVE_STAGE >>/etc/made"]}
        rooted.march(rooted.version("db", number, SHOW, settle=SETTLE, setup=setup))

    march(1, 1)
    rooted.said("1: -rw-r----- 1 4711 4711 7")
    rooted.said("port=1 made 1 by setup")
    march(1, 2)
    rooted.said("port=2 made 1 by setup made 2 by setup")
    march(2, 2)
    rooted.said("2: -rw-r----- 1 4711 4711 7")
    assert not list((rooted.node.home / "spots/web").glob("db-*/etc"))


# -- a root out of an archive, and what it runs with -----------------------------------------------
USER = """#!/bin/sh
echo VERSION: $(cat /etc/motd), $(helper) from $DEP_HELPER
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""
HELPER = "#!/bin/sh\necho helper VERSION with $(inner)\n"


def _archive(path: Path, motd: str) -> None:
    """A root that borrows its programs."""
    tree = path.parent / "tree"
    (tree / "etc").mkdir(parents=True, exist_ok=True)
    (tree / "etc/motd").write_text(motd)
    for name in ("bin", "lib", "lib64"):
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(f"usr/{name}")
    (tree / "usr").mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, ".")


def test_a_root_out_of_an_archive_with_all_that_it_runs_with(rooted: Rooted) -> None:
    with Mirror(rooted.folder / "www") as mirror:
        archive = mirror.folder / "root.tar.gz"

        def user(number: int, helper: str) -> str:
            deps = {"run": [{"url": helper}]}
            return rooted.version("user", number, USER, settle={"mounts": [USR]}, deps=deps)

        tree = {"from": f"tar:{mirror.url}/{archive.name}"}
        _archive(archive, "first")
        inner = rooted.version("inner", 7, "#!/bin/sh\necho inner VERSION\n")
        deps = {"run": [{"url": inner}]}
        helper = rooted.version("helper", 1, HELPER, deps=deps)
        rooted.march(user(1, helper), settle=tree)
        rooted.said("1: first, helper 1 with inner 7 from /opt/helper")

        _archive(archive, "second")
        rooted.march(user(1, helper), settle=tree)  # nothing but the root is another
        rooted.said("1: second, helper 1 with inner 7 from /opt/helper")

        helper = rooted.version("helper", 2, HELPER, deps=deps)
        rooted.march(user(2, helper), settle=tree)
        rooted.said("2: second, helper 2 with inner 7 from /opt/helper")
        for number in (1, 2):
            (place,) = beside(rooted.node.home / f"spots/web/user-{number}")
            for title in ("helper", "inner"):
                (found,) = place.glob(f"opt/{title}/bin/{title}")
                assert found.is_file()
