"""A plan that names a commit with a root of its own: made, entered, upgraded, taken away."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from enve_pm.shell.process import mountinfo
from tests.e2e.test_firechain import Local
from tests.support.fetching import Repo
from tests.support.fleet import Fleet
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host, pytest.mark.nightly]
TOOL = """#!/bin/sh
echo version VERSION of $PREFIX, $(grep app /etc/passwd), $(ls / | tr '\\n' ' ')
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""
PROFILE: dict[str, Any] = {
    "enve": 1,
    "title": "tool",
    "prefix": "/opt/tool",
    "build": {"run": ["mkdir -p $OUT$PREFIX/bin", "cp tool $OUT$PREFIX/bin/"]},
    "settle": {
        "users": [{"name": "app", "uid": 4711}],
        "mounts": [
            {"type": "bind", "src": "/usr", "dst": "/usr", "ro": True},
            {"type": "bind", "src": "data", "dst": "/srv"},
        ],
        "volumes": [{"path": "data"}],
        "isolate": "jail",
    },
    "run": {"cmd": ["/opt/tool/bin/tool"]},
}


def _version(repo: Repo, number: int) -> None:
    (repo.path / "tool").write_text(TOOL.replace("VERSION", str(number)))
    (repo.path / "tool").chmod(0o755)
    (repo.path / "enve.yml").write_text(json.dumps({**PROFILE, "version": str(number)}))
    repo.git("add", "-A")
    repo.git("commit", "-qm", str(number))
    repo.git("tag", f"v{number}")


def _mounts(home: Path) -> list[str]:
    return [one.at for one in mountinfo.below(str(home), mountinfo.read())]


def test_it_runs_in_its_own_root(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="enve-root-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        node, repo = Local(folder), Repo(folder / "source")
        fleet = Fleet(folder, [node])
        kinds = ["process", "volume", "subroot", "mount", "resource"]
        fleet.spots = {"web": {"user": "root", "kinds": kinds, "reads": ["/usr"]}}
        fleet.pms = {}
        fleet.write()

        def march(number: int, code: int = 0) -> str:
            plan = fleet.plan({"*.web": {"commit": f"{repo.url}#v{number}"}})
            done = fleet.march(plan, code=code, ENVE_STORE=str(folder / "own-store"))
            return done.stdout + done.stderr

        def said(text: str) -> None:
            log = node.home / "log/web.log"
            until(lambda: log.exists() and text in log.read_text(), f"web to say {text!r}")

        with fleet:
            fleet.deploy()
            try:
                _version(repo, 1)
                march(1)
                said("version 1 of /opt/tool, app:x:4711:4711")
                assert "home" not in (node.home / "log/web.log").read_text()
                rows = fleet.rows("n1.*")
                assert rows["n1.[root!settle@web]"]["state"] == "RUNNING"
                _version(repo, 2)
                march(2)
                said("version 2 of /opt/tool, app:x:4711:4711")
                assert any(at.endswith("/opt/tool") for at in _mounts(node.home))
            finally:
                fleet.run("deploy", "--remove", "--yes", "inventory.yml", code=None)
        until(lambda: not _mounts(folder), "all mounts to go")
