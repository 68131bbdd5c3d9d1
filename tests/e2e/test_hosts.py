"""pm under each init as process 1: installed over ssh, killed, stopped, rebooted; services too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import booted, inits
from tests.support.booted import BootedNode
from tests.support.fleet import Fleet
from tests.support.inits import Init
from tests.support.netlab import NetLab
from tests.support.wait import until

pytestmark = pytest.mark.host
ROOTS, LOGINS = Path("var/opt/pm"), Path("home/op/.local/state/pm")
PLAN = {"*.web": {"run": "sleep 86400", "files": {"web.conf": {"content": "x"}}}}
KINDS = {
    inits.SYSTEMD: "systemd",
    inits.SYSVINIT: "sysvinit",
    inits.OPENRC: "openrc",
    inits.OPENRC_UNDER_SYSVINIT: "openrc",
    inits.RUNIT: "runit",
    inits.BUSYBOX: "busybox",
}
OTHERS = [init for init in inits.ALL if init != inits.SYSVINIT]  # the quickest to boot
NIGHTLY = [pytest.param(init, marks=pytest.mark.nightly) for init in OTHERS]


@dataclass(frozen=True)
class Machine:
    """The node as an inventory has it."""

    name: str
    inventory: dict[str, Any]


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


def fleet(node: BootedNode, folder: Path, user: str, spots: str, **more: str) -> Fleet:
    """`user`: who logs in; `spots`: whose the services are."""
    key = node.known_hosts_line().split(" ", 1)[1].strip()
    reach = {"host": node.address, "key": str(node.lab.key), "pinned": key}
    made = Fleet(folder, [Machine("n", {**reach, "user": user, **more})], user=spots)
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


@pytest.mark.parametrize("init", [inits.SYSVINIT, *NIGHTLY], ids=str)
def test_pm_and_its_services_outlive_all_of_it(
    init: Init, node: BootedNode, tmp_path: Path
) -> None:
    kind = KINDS[init]
    with fleet(node, tmp_path, "root", "daemon") as site:
        assert f"registered with {kind}" in site.deploy().stdout
        site.march(site.plan(PLAN))
        first = status(node, ROOTS)
        assert first["units"]["web"]["state"] == "RUNNING"

        node.ssh(f"kill -9 {first['pid']}")
        second = comes_back(node, ROOTS, "pid", first["pid"])
        pm(node, ROOTS, "host", "stop")
        pm(node, ROOTS, "status", code=3)
        pm(node, ROOTS, "host", "start")
        comes_back(node, ROOTS, "pid", second["pid"])

        node.reboot()
        comes_back(node, ROOTS, "boot", first["boot"])
        assert "unchanged" in site.deploy().stdout
        site.deploy("--remove", "--yes")
        assert not (node.root / ROOTS).exists()
        left = [path for path in (node.root / "etc").rglob("enve-pm*") if path.is_file()]
        assert (left, "enve" in node.ssh("cat /etc/inittab")[1]) == ([], False)


@pytest.mark.nightly
@pytest.mark.parametrize("init", inits.ALL, ids=str)
def test_root_has_a_logins_pm_started(init: Init, node: BootedNode, tmp_path: Path) -> None:
    with fleet(node, tmp_path, "op", "op", register="none") as site:
        site.deploy()
        site.march(site.plan(PLAN))
        assert KINDS[init] in pm(node, LOGINS, "host", "install", "--as-root")
        pm(node, LOGINS, "host", "start", "--as-root")
        first = status(node, LOGINS)
        node.reboot()
        shown = comes_back(node, LOGINS, "boot", first["boot"])
        assert node.ssh(f"stat -c %U /proc/{shown['pid']}") == (0, "op\n")

        pm(node, LOGINS, "host", "stop", "--as-root")
        assert node.ssh(f"kill -0 {shown['pid']}")[0] != 0
        pm(node, LOGINS, "host", "start", "--as-root")
        comes_back(node, LOGINS, "pid", shown["pid"])
        refused = site.deploy("--remove", "--yes", code=3)
        assert f"root has registered it with {KINDS[init]}" in refused.stdout + refused.stderr
        pm(node, LOGINS, "host", "remove", "--as-root")
        site.deploy("--remove", "--yes")
        assert not (node.root / LOGINS).exists()
