"""The commands as people run them, over real pms on this machine."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.controller.march.field import NODES, Field
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with Field() as made:
        yield made


def units(field: Field, node: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        (field.node(node) / "public" / "status.json").read_text()
    )["units"]
    return found


def held(field: Field, node: str, lane: str = "main") -> int:
    lanes = json.loads((field.node(node) / "public" / "held.json").read_text())["lanes"]
    return int(lanes.get(lane, {"serial": 0})["serial"])


def march(field: Field, *words: str, code: int = 0, who: str = "alice") -> str:
    done = field.enve("march", *words, who=who)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_from_nothing_to_one_changed_file(field: Field) -> None:
    told = march(field, "plan.yml", "-C", code=2)
    assert "shop #1 (held: nothing)" in told
    told = march(field, "plan.yml", "-y")
    assert "Plan: 4 + on 2 nodes (1 group alike)" in told
    assert "signed once by alice" in told
    assert "applied 2 of 2" in told
    before = {node: units(field, node) for node in NODES}
    assert {one["state"] for each in before.values() for one in each.values()} == {"RUNNING"}

    march(field, "plan.yml", "-y")
    march(field, "plan.yml", "-C")
    assert [held(field, node) for node in NODES] == [1, 1]

    told = march(field, "plan.yml", "-y", "-D", "-e", "color=blue")
    assert "~  web              reload    conf +1 -1" in told
    assert "-color red" in told
    assert [held(field, node) for node in NODES] == [2, 2]
    for node in NODES:
        after = units(field, node)
        assert after["db"]["pid"] == before[node]["db"]["pid"]
        assert after["web"]["pid"] == before[node]["web"]["pid"]
        assert after["web"]["restarts"] == before[node]["web"]["restarts"]
        conf = field.node(node) / "spots" / "web" / "conf"
        assert conf.read_text() == "color blue"


def test_a_stranger_changes_nothing(field: Field) -> None:
    march(field, "plan.yml", "-y", "-e", "color=blue")
    serials = [held(field, node) for node in NODES]
    told = march(field, "plan.yml", "-y", "-e", "color=black", code=5, who="stranger")
    assert "is named by no keyhole of these nodes" in told
    assert "keys that would do: alice" in told
    assert [held(field, node) for node in NODES] == serials
    conf = field.node("n1") / "spots" / "web" / "conf"
    assert conf.read_text() == "color blue"


def test_events_for_programs(field: Field) -> None:
    done = field.enve("march", "plan.yml", "-y", "-e", "color=blue", "-o", "jsonl")
    events = [json.loads(row) for row in done.stdout.splitlines()]
    assert [event["event"] for event in events if event["event"] != "step"][-1] == "end"
    results = [event for event in events if event["event"] == "result"]
    assert {event["node"] for event in results} == {*NODES}


def test_a_signed_file_is_marched_once_and_never_after_a_newer_plan(field: Field) -> None:
    told = march(field, "plan.yml", "-y", "-e", "color=file", "--out", "plan.signed")
    assert "not sent yet" in told
    assert told.endswith("written, 2 nodes\n")
    assert "color file" not in (field.node("n1") / "spots/web/conf").read_text()
    told = march(field, "plan.signed", "-i", "inventory.yml", "-y", who="stranger")
    assert "applied 2 of 2" in told
    assert (field.node("n1") / "spots/web/conf").read_text() == "color file"
    march(field, "plan.yml", "-y", "-e", "color=later")
    told = march(field, "plan.signed", "-i", "inventory.yml", "-y", code=5, who="stranger")
    assert "older than what nodes hold" in told
    assert (field.node("n1") / "spots/web/conf").read_text() == "color later"


def test_another_desk_builds_on_what_the_nodes_hold(field: Field) -> None:
    march(field, "plan.yml", "-y", "-e", "color=alice")
    serial = held(field, "n1")
    told = march(field, "plan.yml", "-y", "-e", "color=bob", who="bob")
    assert f"shop #{serial + 1} (held: #{serial} by alice" in told
    assert [held(field, node) for node in NODES] == [serial + 1, serial + 1]


def leased(field: Field, lane: str) -> bool:
    return all((_lease(field, node, lane)).strip() for node in NODES)


def _lease(field: Field, node: str, lane: str) -> str:
    path = field.node(node) / "run" / "lease" / lane
    return path.read_text() if path.exists() else ""


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, errors = process.communicate(timeout=90)
    return process.returncode, out + errors


def in_flight(field: Field) -> subprocess.Popen[str]:
    """A march of `slow` that every node has accepted and that is not over."""
    field.go.unlink(missing_ok=True)
    before = [held(field, node, "slow") for node in NODES]
    process = field.start("march", "slow.yml", "-y")
    until(
        lambda: (
            leased(field, "slow")
            and all(
                held(field, node, "slow") > serial
                for node, serial in zip(NODES, before, strict=True)
            )
        ),
        "the march is under way",
        60,
    )
    return process


def test_of_two_at_once_one_is_told_and_nothing_is_mixed(field: Field) -> None:
    process = in_flight(field)
    try:
        field.write_slow(4000, "other.yml")
        told = march(field, "other.yml", "-y", code=6, who="bob")
        assert "is marching the lane 'slow'" in told
        assert "nothing was sent" in told
    finally:
        field.go.touch()
        code, said = ended(process)
    assert code == 0, said
    assert not any(_lease(field, node, "slow").strip() for node in NODES)
    told = march(field, "other.yml", "-y", who="bob")
    assert "applied 2 of 2" in told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_march_tells_each_state(
    field: Field, number: signal.Signals, code: int
) -> None:
    field.write_slow(5000 + number)
    process = in_flight(field)
    os.kill(process.pid, number)
    found, said = ended(process)
    assert found == code, said
    assert "accepted, still at work" in said
    assert "Traceback" not in said
    until(
        lambda: not any(_lease(field, node, "slow").strip() for node in NODES),
        "the leases are given back",
    )
    field.go.touch()
    until(
        lambda: all(units(field, node)["slow"]["state"] == "RUNNING" for node in NODES),
        "the nodes finish what they accepted",
        60,
    )
    assert "nothing to do on 2 nodes" in march(field, "slow.yml", "-y")


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 2), (b"y\n", 0), (b"", 130)])
def test_a_person_is_asked(field: Field, answer: bytes, code: int) -> None:
    near, far = pty.openpty()
    try:
        process = field.at_terminal(far, "march", "plan.yml", "-e", f"color={code}")
        said = b""
        while b"March? [y/N] " not in said:
            ready, _, _ = select.select([near], [], [], 60)
            assert ready, said
            said += os.read(near, 4096)
        if answer:
            os.write(near, answer)
        else:
            os.kill(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        os.close(near)
        os.close(far)
    assert process.returncode == code, out
    conf = (field.node("n1") / "spots/web/conf").read_text()
    assert (conf == f"color {code}") is (code == 0)
