"""pm on machines of every init: deployed over ssh, found there by itself, back after a crash and a
reboot with what it runs, ended in order, and gone without a trace; `pm host` there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import booted, inits
from tests.support.booted import BootedNode
from tests.support.fleet import Fleet
from tests.support.inits import Init
from tests.support.netlab import NetLab
from tests.support.wait import until

pytestmark = pytest.mark.host
CASES = [
    pytest.param(init, marks=[] if init is inits.SYSVINIT else pytest.mark.nightly)
    for init in inits.ALL
]
# It takes longer to end than an init that only kills would give it.
SERVICE = 'trap "sleep 2; echo ended >>/var/tmp/told; exit" TERM; sleep 86400 & wait'
PM = "/var/opt/pm/pm"
# Left out: what lives from boot to boot, and what the system writes of itself.
PASSING = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/log", "/usr/lib/rc/cache"]
PRUNE = f"\\( {' -o '.join(f'-path {path}' for path in PASSING)} \\) -prune"
CONTENT = "-type f ! -name '*-' ! -path '*/supervise/*' -exec sha256sum '{}' +"
LISTED = f"find / {PRUNE} -o -printf '%p %M %u:%g %l\\n' && find /etc {CONTENT}"


@pytest.fixture
def node(init: Init) -> Iterator[BootedNode]:
    if reason := booted.refusal():
        pytest.fail(reason)
    with NetLab(0) as made:
        node = BootedNode(made, 1, init)
        try:
            node.prepare()
            node.boot()
            yield node
        finally:
            node.close()


@pytest.fixture
def fleet(node: BootedNode, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path, [node], user="daemon") as made:
        made.pms = {}
        made.write()
        made.prefix = ("ip", "netns", "exec", node.lab.controller)
        yield made


@pytest.mark.parametrize("init", CASES, ids=str)
def test_the_init_keeps_pm(fleet: Fleet, node: BootedNode, init: Init) -> None:
    before = on_disk(node)
    said = fleet.deploy().stdout
    assert f"registered with {init.keeper}" in said, said
    assert "not covered" not in said
    fleet.march(fleet.plan({"*.web": {"run": ["sh", "-c", SERVICE]}}))
    assert runs(fleet)

    first = pm(node)
    node.reboot()
    until(lambda: pm(node)[1] != first[1], "pm is back after a reboot", 60)
    until(lambda: runs(fleet), "its service is back", 60, 0.2)
    assert (node.root / "var/tmp/told").read_text() == "ended\n"
    assert "0 deployed, 1 unchanged" in fleet.deploy().stdout

    strike(fleet, node, str(pm(node)[0]))
    if init.keeper != "sysvinit":  # that one starts nothing again: a loop of pm's own does
        strike(fleet, node, "$(pgrep -f '[/]var/opt/pm/lib')")

    fleet.deploy("--remove", "--yes")
    assert on_disk(node) == before
    _, left = node.ssh("ps -e -o args=")
    assert "sleep 86400" not in left, left
    assert "/var/opt/pm" not in left, left


@pytest.mark.nightly
@pytest.mark.parametrize("init", inits.ALL, ids=str)
def test_pm_host_and_the_init_agree(fleet: Fleet, node: BootedNode, init: Init) -> None:
    before = on_disk(node)
    fleet.deploy()
    fleet.march(fleet.plan({"*.web": {"run": "sleep 86400"}}))
    assert node.ssh(f"{PM} host stop") == (0, "")
    assert node.ssh("pgrep -f '[/]var/opt/pm|sleep 8640[0]$'") == (1, "")
    assert node.ssh(f"{PM} host start") == (0, "")
    until(lambda: runs(fleet), "it is started again", 60, 0.2)

    stopped = pm(node)
    assert node.ssh(f"{PM} host stop") == (0, "")
    node.reboot()
    if init is inits.BUSYBOX:  # it remembers a stop
        assert node.ssh(f"{PM} host start") == (0, "")
    until(lambda: pm(node) != stopped, "a stop lasts until the next boot", 60)
    until(lambda: runs(fleet), "its service is back", 60, 0.2)

    lost = pm(node)
    node.power_off()
    node.boot()
    until(lambda: pm(node) != lost, "pm is back after a loss of power", 60)
    until(lambda: runs(fleet), "its service is back", 60, 0.2)

    kept = pm(node)
    fleet.inventory["nodes"][node.name]["register"] = "none"
    fleet.write()
    said = fleet.deploy().stderr
    assert f"it is registered with {init.keeper} still" in said, said
    assert (pm(node), runs(fleet)) == (kept, True)
    fleet.deploy("--remove", "--yes")
    assert on_disk(node) == before


def strike(fleet: Fleet, node: BootedNode, pids: str) -> None:
    """Kills them; pm is back, with one of what it ran."""
    struck = pm(node)
    node.ssh(f"kill -9 {pids}")
    until(lambda: pm(node) != struck, "pm is back", 60)
    until(lambda: runs(fleet), "its service is back", 60, 0.2)
    _, count = node.ssh("pgrep -fc 'sleep 8640[0]$'")
    assert count == "1\n"


def pm(node: BootedNode) -> tuple[int, str]:
    """The pid of pm, and of which boot it is, as it says itself."""
    shown = json.loads((node.root / "var/opt/pm/public/status.json").read_text())
    return shown["pid"], shown["boot"]


def runs(fleet: Fleet) -> bool:
    return fleet.states("boot1.web").get("boot1.web") == "RUNNING"


def on_disk(node: BootedNode) -> set[str]:
    """All files with modes, owners and targets, and what those of /etc hold."""
    code, said = node.ssh(LISTED)
    assert code == 0, said
    return set(said.splitlines())
