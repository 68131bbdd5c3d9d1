"""The architect changes the blueprint of a fleet at work: two real sshds, real pms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.wait import until

pytestmark = pytest.mark.real
NODES = ("n1", "n2")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(2) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab) -> Iterator[Fleet]:
    with Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as made:
        made.spots = {name: {"user": made.user} for name in ("db", "web", "bob")}
        made.keyholes[1]["lanes"] = ["bobs"]
        yield made


def sleeper(seconds: int = 86400, **more: Any) -> dict[str, Any]:
    return {"run": f"sleep {seconds}", **more}


def spots(**more: Any) -> dict[str, Any]:
    return {
        "*.db": sleeper(),
        "*.web": sleeper(files={"conf": {"content": "x"}}),
        "*.tenants.blog": sleeper(),
        **more,
    }


def deploy(fleet: Fleet, *words: str, code: int = 0) -> str:
    fleet.write()
    done = fleet.deploy(*words, code=code)
    return done.stdout + done.stderr


def pids(fleet: Fleet, *units: str) -> dict[str, int]:
    """Of units that a change does not concern: nobody may restart them."""
    rows = fleet.rows()
    return {f"{node}.{unit}": rows[f"{node}.{unit}"]["pid"] for node in NODES for unit in units}


def all_running(fleet: Fleet, *units: str) -> bool:
    states = fleet.states()
    return all(states.get(f"{node}.{unit}") == "RUNNING" for node in NODES for unit in units)


def listed(fleet: Fleet) -> set[str]:
    """The addresses below the nodes of all that has a state."""
    return {address.partition(".")[2] for address, state in fleet.states().items() if state}


def homes(lab: Lab) -> list[Path]:
    return [node.state / "pm" for node in lab.nodes]


def test_1_a_fleet_at_work(fleet: Fleet) -> None:
    deploy(fleet)
    fleet.march(fleet.plan(spots()))
    assert all_running(fleet, "db", "web", "tenants", "tenants.blog")


def test_2_a_spot_with_live_units_is_not_dropped_without_the_flag(fleet: Fleet, lab: Lab) -> None:
    before = pids(fleet, "db", "web", "tenants", "tenants.blog")
    trust = [(home / "trust/blueprint.json").read_bytes() for home in homes(lab)]
    del fleet.spots["web"]
    for words in ((), ("--check",)):
        said = deploy(fleet, *words, code=5)
        assert "drops spots in which something lives: web" in said
        assert "--remove-spots" in said
    assert [(home / "trust/blueprint.json").read_bytes() for home in homes(lab)] == trust
    assert pids(fleet, "db", "web", "tenants", "tenants.blog") == before


def test_3_with_it_its_units_are_stopped_and_removed(fleet: Fleet, lab: Lab) -> None:
    before = pids(fleet, "db", "tenants", "tenants.blog")
    assert "2 deployed" in deploy(fleet, "--remove-spots")
    for home in homes(lab):
        until(lambda home=home: not (home / "spots/web").exists(), "web's directory to go")
        assert not (home / "units/web").exists()
    # The plan of these nodes still lists it, and the listing says so until the next march.
    assert fleet.rows()["n1.web"]["detail"] == "removed: the blueprint does not allow it"
    assert pids(fleet, "db", "tenants", "tenants.blog") == before
    assert "0 deployed, 2 unchanged" in deploy(fleet)
    said = fleet.march(fleet.plan(spots()), code=65)
    assert "web" in said.stdout + said.stderr


def test_4_a_new_spot_takes_a_plan(fleet: Fleet) -> None:
    before = pids(fleet, "db", "tenants", "tenants.blog")
    fleet.spots.update({name: {"user": fleet.user} for name in ("web", "job")})
    deploy(fleet)
    fleet.march(fleet.plan(spots(**{"*.job": sleeper()})))
    assert all_running(fleet, "web", "job")
    assert pids(fleet, "db", "tenants", "tenants.blog") == before


def test_5_pms_are_added_and_dropped(fleet: Fleet, lab: Lab) -> None:
    before = pids(fleet, "db", "web", "tenants", "tenants.blog")
    inner = {"mode": "user", "user": fleet.user, "spots": {"shop": {"user": fleet.user}}}
    fleet.pms["tenants"]["pms"] = {"inner": inner}
    fleet.pms["second"] = {"mode": "user", "user": fleet.user, "spots": {"wiki": {}}}
    deploy(fleet)
    until(lambda: all_running(fleet, "second", "tenants.inner"), "the new pms to run", 60)
    more = {"*.tenants.inner.shop": sleeper(), "*.second.wiki": sleeper(), "*.job": sleeper()}
    fleet.march(fleet.plan(spots(**more)))
    assert all_running(fleet, "second.wiki", "tenants.inner.shop")
    assert pids(fleet, "db", "web", "tenants", "tenants.blog") == before

    del fleet.pms["second"], fleet.pms["tenants"]["pms"]
    said = deploy(fleet, code=5)
    assert "second.wiki" in said
    assert "tenants.inner.shop" in said
    deploy(fleet, "--remove-spots")
    for home in homes(lab):
        for left in ("sub/second", "feed/second", "spots/second", "public/sub/second.json"):
            until(lambda gone=home / left: not gone.exists(), f"{left} to go", 60)
        nested = home / "spots/tenants"
        for left in ("sub/inner", "feed/inner", "spots/inner"):
            until(lambda gone=nested / left: not gone.exists(), f"tenants' {left} to go", 60)
    kept = {"db", "web", "job", "tenants", "tenants.blog"}
    until(lambda: listed(fleet) == kept, "the list to show what is left", 60)
    assert pids(fleet, "db", "web", "tenants", "tenants.blog") == before


def test_6_a_key_without_a_keyhole_is_refused(fleet: Fleet) -> None:
    mine = fleet.plan({"*.bob": sleeper()}, "bobs", lane="bobs")
    fleet.march(mine, key="bob")
    assert all_running(fleet, "bob")
    holes = fleet.keyholes
    fleet.keyholes = [hole for hole in holes if hole["key"] != "bob"]
    try:
        deploy(fleet)
        changed = fleet.plan({"*.bob": sleeper(86401)}, "bobs", lane="bobs")
        said = fleet.march(changed, key="bob", code=5)
        assert "keyhole" in said.stdout + said.stderr
        assert all_running(fleet, "bob")  # what he marched stays: its spot is still there
    finally:
        fleet.keyholes = holes
    deploy(fleet)
    fleet.march(changed, key="bob")


def test_7_a_ceiling_below_what_runs_is_refused_without_the_flag(fleet: Fleet, lab: Lab) -> None:
    fleet.spots["db"]["rlimits"] = {"nofile": 4096}
    deploy(fleet)
    high = sleeper(rlimits={"nofile": 4096})
    fleet.march(fleet.plan(spots(**{"*.db": high})))
    before = pids(fleet, "db", "web", "tenants.blog")
    trust = [(home / "trust/blueprint.json").read_bytes() for home in homes(lab)]

    fleet.spots["db"]["rlimits"] = {"nofile": 1024}
    for words in ((), ("--check",)):
        said = deploy(fleet, *words, code=5)
        assert "db: rlimit nofile 4096 is above 1024" in said
    assert "blueprint" in deploy(fleet, "--check", "--remove-spots", code=2)
    assert [(home / "trust/blueprint.json").read_bytes() for home in homes(lab)] == trust
    assert pids(fleet, "db", "web", "tenants.blog") == before

    deploy(fleet, "--remove-spots")
    until(lambda: not all_running(fleet, "db"), "db to be ended")
    assert pids(fleet, "web", "tenants.blog") == {k: v for k, v in before.items() if "db" not in k}
    fleet.run("reset-failed", "n1.*")  # a pattern means what is there
    fleet.march(fleet.plan(spots()))
    assert all_running(fleet, "db", "web")
