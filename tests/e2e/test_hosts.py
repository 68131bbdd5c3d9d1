"""`pm host` by hand, under each init as process 1. (What deploy makes of them: see test_inits.)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import booted, inits
from tests.support.booted import BootedNode
from tests.support.fleet import Fleet
from tests.support.inits import Init
from tests.support.netlab import NetLab
from tests.support.wait import until

pytestmark = [pytest.mark.host, pytest.mark.nightly]
ROOTS, LOGINS = Path("var/opt/pm"), Path("home/op/.local/state/pm")
SPOTS = {"*.web": {"run": "sleep 86400"}}


@pytest.fixture
def node(init: Init) -> Iterator[BootedNode]:
    if reason := booted.refusal():
        pytest.fail(reason)
    with NetLab(0) as lab:
        made = BootedNode(lab, 1, init)
        try:
            made.prepare()
            made.add_user("op")
            made.boot()
            yield made
        finally:
            made.close()


def fleet(node: BootedNode, folder: Path, whose: str, **more: str) -> Fleet:
    """`whose`: the services are; `more`: settings of the node."""
    made = Fleet(folder, [node], user=whose)
    made.inventory["nodes"] = {node.name: {**node.inventory, **more}}
    made.prefix = ("ip", "netns", "exec", node.lab.controller)
    made.pms = {}
    made.write()
    return made


def status(node: BootedNode, home: Path) -> dict[str, Any]:
    """As it is on the node's disk."""
    return dict(json.loads((node.root / home / "public/status.json").read_text()))


def pm(node: BootedNode, home: Path, *words: str, code: int = 0) -> str:
    found, said = node.ssh(f"/{home}/pm {' '.join(words)}")
    assert found == code, said
    return said


def comes_back(node: BootedNode, home: Path, what: str, other: str) -> dict[str, Any]:
    """pm and its service, with another value of `what` (pid, boot)."""

    def found() -> dict[str, Any] | None:
        shown = status(node, home)
        back = shown[what] != other and shown["units"].get("web", {}).get("state") == "RUNNING"
        return shown if back else None

    return until(found, f"pm with another {what}, and web", 60) or {}


@pytest.mark.parametrize("init", inits.ALL, ids=str)
def test_pm_is_stopped_and_started_and_begins_with_a_stream(
    init: Init, node: BootedNode, tmp_path: Path
) -> None:
    with fleet(node, tmp_path, "daemon") as site:
        site.deploy()
        plan = site.plan(SPOTS)
        site.march(plan, "--out", str(node.root / "root/first.plan"))
        first = status(node, ROOTS)
        assert first["units"] == {}
        said = pm(node, ROOTS, "host", "install", "--init-stream", "/root/first.plan")
        assert f"registered with {init.keeper}" in said
        pm(node, ROOTS, "host", "stop")
        pm(node, ROOTS, "status", code=3)
        pm(node, ROOTS, "host", "start")
        second = comes_back(node, ROOTS, "pid", first["pid"])
        assert "0 deployed, 1 unchanged" in site.deploy().stdout
        node.reboot()
        comes_back(node, ROOTS, "boot", second["boot"])
        pm(node, ROOTS, "host", "remove")
        pm(node, ROOTS, "status", code=3)
        assert pm(node, ROOTS, "host", "remove") == "unchanged: it was not registered\n"


@pytest.mark.parametrize("init", inits.ALL, ids=str)
def test_root_has_a_logins_pm_started(init: Init, node: BootedNode, tmp_path: Path) -> None:
    with fleet(node, tmp_path, "op", user="op", register="none") as site:
        site.deploy()
        site.march(site.plan(SPOTS))
        assert init.keeper in pm(node, LOGINS, "host", "install", "--as-root")
        first = status(node, LOGINS)
        node.reboot()
        shown = comes_back(node, LOGINS, "boot", first["boot"])
        assert node.ssh(f"stat -c %U /proc/{shown['pid']}") == (0, "op\n")

        pm(node, LOGINS, "host", "stop", "--as-root")
        assert node.ssh(f"kill -0 {shown['pid']}")[0] != 0
        pm(node, LOGINS, "host", "start", "--as-root")
        comes_back(node, LOGINS, "pid", shown["pid"])
        refused = site.deploy("--remove", "--yes", code=3)
        assert f"root has registered it with {init.keeper}" in refused.stdout + refused.stderr
        pm(node, LOGINS, "host", "remove", "--as-root")
        site.deploy("--remove", "--yes")
        assert not (node.root / LOGINS).exists()


@pytest.mark.parametrize("init", inits.ALL, ids=str)
def test_a_change_of_keeper_ends_no_service(init: Init, node: BootedNode, tmp_path: Path) -> None:
    with fleet(node, tmp_path, "daemon", register="none") as site:

        def deploy(register: str) -> str:
            site.inventory["nodes"][node.name]["register"] = register
            site.write()
            done = site.deploy()
            return done.stdout + done.stderr

        deploy("none")
        site.march(site.plan(SPOTS))
        before = status(node, ROOTS)
        assert f"registered with {init.keeper}" in deploy("auto")
        assert status(node, ROOTS)["units"]["web"]["pid"] == before["units"]["web"]["pid"]

        node.reboot()
        after = comes_back(node, ROOTS, "boot", before["boot"])
        said = deploy("none")
        assert f"it is registered with {init.keeper} still" in said
        assert f"host remove --kind {init.keeper}` ends that" in said
        _, alive = node.ssh(f"sleep 1; stat -c %n /proc/{after['units']['web']['pid']}")
        assert alive == f"/proc/{after['units']['web']['pid']}\n"
