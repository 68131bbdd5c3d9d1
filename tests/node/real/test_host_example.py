"""playbooks/host as its plan renders, on a real root's pm with an /etc and a network of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.networks import enter
from tests.support.wait import until

from enve.load.inventory.inventory import load_domain
from enve.load.plan.plan import load_plan, open_plan

pytestmark = [pytest.mark.real, pytest.mark.host]
PLAN = Path(__file__).parents[3] / "playbooks/host/plan.yml"
OWN = (
    *("unshare", "--mount", "--net", "--propagation", "private", "--", "sh", "-c"),
    'mount -t tmpfs run /run && cp -a /etc /run && mount --bind /run/etc /etc && exec "$@"',
    "sh",
)
RESOURCES = {"forwarding", "account", "package"}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, around=OWN) as box:
        yield box


def lines() -> list[dict[str, Any]]:
    """All of its units. The package is one that is there: nothing is installed."""
    plan = open_plan(PLAN)
    over = {"package": "base-files", "user": "enve-example"}
    rendered = load_plan(plan, load_domain(plan.inventory), None, {}, over, artifacts=PLAN.parent)
    return [json.loads(text) for text in rendered.nodes["here"].lines.values()]


def inside(box: Box, *words: str) -> str:
    argv = [*enter(box), *words]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout.strip()


def forwards(box: Box) -> str:
    return inside(box, "cat", "/proc/sys/net/ipv4/ip_forward")


def test_what_a_machine_is_to_have(box: Box) -> None:
    kept = [line for line in lines() if line["name"] in RESOURCES]
    before = forwards(box)
    box.load(*kept)
    assert (before, forwards(box)) == ("0", "1")
    assert "enve-example" in inside(box, "id", "enve-example")

    inside(box, "sysctl", "-w", "net.ipv4.ip_forward=0")
    inside(box, "userdel", "enve-example")
    box.pm("recheck", "forwarding")
    box.pm("recheck", "account")
    until(lambda: forwards(box) == "1", "the setting to be healed")
    until(lambda: "drift" in box.unit("account")["detail"], "the user to be missed")
    assert not inside(box, "id", "enve-example")

    box.load()
    until(lambda: forwards(box) == "0", "all to be undone")


def test_a_service_that_falls_silent(box: Box) -> None:
    (clock,) = (line for line in lines() if line["name"] == "clock")
    program = box.home / "spots/clock/clock.py"
    program.parent.mkdir()
    program.write_bytes((PLAN.parent / "templates/clock.py").read_bytes())
    box.load({**clock, "files": {}, "needs": [], "watchdog": 2500})
    first = box.unit("clock")["pid"]
    os.kill(first, signal.SIGSTOP)
    until(lambda: box.unit("clock")["restarts"] == 1, "the watchdog to be heard", 20)
    until(lambda: box.unit("clock")["state"] == "RUNNING", "another one")
    assert box.unit("clock")["pid"] != first
