"""What somebody does by hand is seen as drift, outlives pm, and ends only with a yes to a march."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.terminal import Terminal
from tests.support.wait import until

pytestmark = pytest.mark.real
SPOTS: dict[str, Any] = {
    "*.db": {"run": "sleep 86400"},
    "*.web": {"run": "sleep 86400"},
    "*.job": {"run": "sleep 86400", "state": "stopped"},
    "*.tenants.blog": {"run": "sleep 86400"},
}
BY_HAND = ["web", "tenants.blog"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(2) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab) -> Iterator[Fleet]:
    with Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as made:
        made.deploy()
        made.march(made.plan(SPOTS))
        yield made


def march(fleet: Fleet, *words: str, code: int = 0) -> str:
    """As a script would: nobody is there to answer."""
    plan = fleet.plan(SPOTS)
    done = fleet.run("march", str(plan), "--key", fleet.alice, *words, code=code)
    return done.stdout + done.stderr


def serials(lab: Lab) -> list[int]:
    held = [json.loads((node.state / "pm/public/held.json").read_text()) for node in lab.nodes]
    return [one["lanes"]["main"]["serial"] for one in held]


def drifting(fleet: Fleet) -> set[str]:
    return {address for address, row in fleet.rows().items() if row["drift"]}


@pytest.mark.parametrize("unit", BY_HAND)
def test_1_a_stop_by_hand_is_seen_and_kept(fleet: Fleet, lab: Lab, unit: str) -> None:
    before = serials(lab)
    fleet.run("stop", f"n1.{unit}")
    row = fleet.rows()[f"n1.{unit}"]
    assert (row["state"], row["want"], row["drift"]) == ("STOPPED", "down", True)
    assert "manual by" in row["detail"]
    wide = fleet.run("list", f"n1.{unit}", "-o", "wide").stdout
    assert "DRIFT" in wide.splitlines()[0]
    assert " drift " in wide.splitlines()[1]
    until(lambda: "set by hand" in march(fleet, code=2), "the node to show it")
    assert serials(lab) == before
    assert "1 >" in march(fleet, "--check", code=2)
    assert drifting(fleet) == {f"n1.{unit}"}

    assert "applied 2 of 2" in march(fleet, "--yes")
    assert drifting(fleet) == set()
    assert fleet.states()[f"n1.{unit}"] == "RUNNING"
    march(fleet)  # nothing differs: no question, nothing sent


def test_2_a_start_by_hand_is_drift_too(fleet: Fleet) -> None:
    fleet.run("start", "n2.job")
    assert fleet.states()["n2.job"] == "RUNNING"
    assert drifting(fleet) == {"n2.job"}
    march(fleet, code=2)
    march(fleet, "--yes")
    assert fleet.states()["n2.job"] == "STOPPED"
    assert drifting(fleet) == set()


def test_2_what_is_by_hand_as_the_plan_has_it_is_none(fleet: Fleet) -> None:
    for verb in ("stop", "start", "restart"):
        fleet.run(verb, "n1.web")
    assert drifting(fleet) == set()
    assert "nothing to do" in march(fleet)


def test_2_a_spot_that_changes_besides_is_asked_about_too(fleet: Fleet, lab: Lab) -> None:
    fleet.run("stop", "n1.db")
    before = serials(lab)
    changed = fleet.plan({**SPOTS, "*.db": {"run": "sleep 86401"}})
    words = ("march", str(changed), "--key", fleet.alice)
    assert "set by hand" in fleet.run(*words, code=2).stdout
    assert serials(lab) == before
    fleet.run(*words, "--yes")
    assert fleet.states()["n1.db"] == "RUNNING"
    march(fleet, "--yes")


def test_2_a_pm_that_was_stopped_by_hand_is_on_the_way_to_its_spots(fleet: Fleet) -> None:
    fleet.run("restart", "n1.tenants.blog")
    fleet.run("stop", "n1.tenants")
    assert drifting(fleet) == {"n1.tenants"}
    assert "tenants" in march(fleet, code=2)
    march(fleet, "--yes")
    states = fleet.states()
    assert (states["n1.tenants"], states["n1.tenants.blog"]) == ("RUNNING", "RUNNING")
    assert drifting(fleet) == set()


def test_3_on_a_terminal_it_is_a_question(fleet: Fleet, lab: Lab) -> None:
    fleet.run("stop", "n1.web")
    before = serials(lab)
    assert ask(fleet, "n") == 2
    assert serials(lab) == before
    assert drifting(fleet) == {"n1.web"}
    assert ask(fleet, "y") == 0
    assert drifting(fleet) == set()
    assert fleet.states()["n1.web"] == "RUNNING"


def ask(fleet: Fleet, answer: str) -> int:
    words = [sys.executable, "-m", "enve", "march", str(fleet.plan(SPOTS)), "--key", fleet.alice]
    with Terminal(words, fleet.environment()) as terminal:
        terminal.until("set by hand")
        terminal.until("?")
        terminal.type(f"{answer}\n")
        return terminal.end()


@pytest.mark.parametrize("unit", BY_HAND)
def test_4_what_is_wanted_by_hand_outlives_pm(fleet: Fleet, lab: Lab, unit: str) -> None:
    fleet.run("stop", f"n1.{unit}")
    home = lab.nodes[0].state / "pm"
    old = pm_of(home)
    os.kill(old, signal.SIGKILL)
    until(lambda: pm_of(home) != old and settled(fleet), "pm to be brought back", 60)
    assert fleet.states()[f"n1.{unit}"] == "STOPPED"
    assert drifting(fleet) == {f"n1.{unit}"}
    until(lambda: "set by hand" in march(fleet, code=2), "the node to show it")
    march(fleet, "--yes")
    assert fleet.states()[f"n1.{unit}"] == "RUNNING"


def pm_of(home: Path) -> int:
    return int(json.loads((home / "public/status.json").read_text())["pid"])


def settled(fleet: Fleet) -> bool:
    """The rest runs again."""
    states = fleet.run("list", "n1.**", "-o", "json", code=None).stdout
    rows = {row["address"]: row for row in json.loads(states)["rows"]}
    names = ("n1.db", "n1.tenants")
    return all(name in rows and rows[name]["state"] == "RUNNING" for name in names) and all(
        rows[name]["alive"] for name in names
    )
