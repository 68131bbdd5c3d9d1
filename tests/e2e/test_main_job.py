"""The main job over five real sshds: deploy, march, list, change, refuse, remove."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.wait import until

pytestmark = pytest.mark.real
WEB_SH = """\
trap '. "$SPOT_DIR/web.conf"; echo "greeting $greeting"' HUP
. "$SPOT_DIR/web.conf"; echo "greeting $greeting"
while :; do sleep 86400 & wait $!; done
"""
SPOTS: dict[str, Any] = {
    "*.db": {"run": "sleep 86400"},
    "*.web": {
        "run": "sh {{ spot.dir }}/web.sh",
        "needs": "db",
        "reload": {"signal": "HUP"},
        "files": {
            "web.sh": {"content": WEB_SH},
            "web.conf": {"content": "greeting={{ greeting }}"},
        },
    },
    "*.tenants.blog": {"run": "sleep 86400"},
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(5) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab) -> Iterator[Fleet]:
    with Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as made:
        yield made


def plan(fleet: Fleet, greeting: str = "hello") -> Path:
    return fleet.plan(SPOTS, vars={"greeting": greeting})


def test_1_deploy_twice_changes_nothing_the_second_time(fleet: Fleet) -> None:
    assert "5 deployed, 0 unchanged" in fleet.deploy().stdout
    assert "0 deployed, 5 unchanged" in fleet.deploy().stdout


def test_2_march_starts_services_in_order_also_in_a_nested_pm(fleet: Fleet) -> None:
    check = fleet.march(plan(fleet), "--check", code=2)
    assert "15 +" in check.stdout
    assert "applied 5 of 5" in fleet.march(plan(fleet)).stdout
    states = fleet.states()
    for node in ("n1", "n2", "n3", "n4", "n5"):
        for unit in ("db", "web", "tenants", "tenants.blog"):
            assert states[f"{node}.{unit}"] == "RUNNING", states


def test_3_a_march_without_a_difference_signs_and_sends_nothing(fleet: Fleet, lab: Lab) -> None:
    before = held(lab)
    fleet.march(plan(fleet))
    assert held(lab) == before


def held(lab: Lab) -> list[str]:
    return [(node.state / "pm/public/held.json").read_text() for node in lab.nodes]


def test_4_a_killed_service_is_restarted(fleet: Fleet) -> None:
    pid = fleet.rows("n1.web")["n1.web"]["pid"]
    os.kill(pid, signal.SIGKILL)
    again = until(lambda: running_pid(fleet, "n1.web", other=pid), "n1.web runs again")
    assert again != pid


def running_pid(fleet: Fleet, address: str, other: int = 0) -> int:
    row = fleet.rows(address)[address]
    return row["pid"] if row["state"] == "RUNNING" and row["pid"] != other else 0


def test_5_a_changed_config_reloads_that_service_alone(fleet: Fleet) -> None:
    before = {address: row["pid"] for address, row in fleet.rows().items()}
    fleet.march(plan(fleet, "servus"))
    assert {address: row["pid"] for address, row in fleet.rows().items()} == before
    until(lambda: "greeting servus" in fleet.run("logs", "n3.web").stdout, "web read its config")


def test_6_a_key_outside_its_scope_is_refused_by_every_node(fleet: Fleet, lab: Lab) -> None:
    before = held(lab)
    done = fleet.march(plan(fleet, "mine now"), code=5, key="bob")
    assert "5 of 5" in done.stdout + done.stderr
    fewer = fleet.plan({"*.db": SPOTS["*.db"], "*.tenants.blog": SPOTS["*.tenants.blog"]})
    fleet.march(fewer, code=5, key="bob")  # one that only removes a spot out of its scope
    assert held(lab) == before


def test_7_a_spot_that_the_plan_drops_is_removed_and_its_files_go(fleet: Fleet, lab: Lab) -> None:
    fleet.march(fleet.plan({"*.db": SPOTS["*.db"], "*.tenants.blog": SPOTS["*.tenants.blog"]}))
    assert "n2.web" not in fleet.states()
    for node in lab.nodes:
        placed = node.state / "pm/spots/web/web.conf"
        until(lambda placed=placed: not placed.exists(), "web's files are gone")


def test_8_a_node_that_is_down_is_a_row_and_exit_4(fleet: Fleet, lab: Lab) -> None:
    lab.nodes[4].stop()
    done = fleet.run("list", code=4)
    assert "n5" in done.stdout
    assert "unreachable" in done.stdout
    done = fleet.march(fleet.plan({"*.db": {"run": "sleep 86401"}}), code=4)
    assert "applied 4 of 5" in done.stdout
    lab.nodes[4].start()
    fleet.march(fleet.plan({"*.db": {"run": "sleep 86401"}}))
    assert fleet.states("*.db") == {f"n{i}.db": "RUNNING" for i in range(1, 6)}


def test_9_remove_leaves_nothing_on_the_nodes(fleet: Fleet, lab: Lab) -> None:
    fleet.deploy("--remove", "--yes")
    for node in lab.nodes:
        assert not (node.state / "pm").exists()
        assert not [path for path in node.home.rglob("*") if path.is_file()]
