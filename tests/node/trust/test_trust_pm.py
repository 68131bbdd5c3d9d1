"""A signed stream through `march`, the fifo, gpgv and a real pm, down to a running process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import READY, Node, plan
from tests.support import brood
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "mallory"])
    yield made
    made.home.close()


@pytest.fixture
def node(keys: Keys, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, keys)
    made.start()
    yield made
    made.end()


def test_a_march(node: Node, keys: Keys) -> None:
    first = plan()
    ack = node.send(first.stream(keys.sign("alice")))
    assert (ack.verdict, ack.final, ack.serial) == ("applied", True, 1), ack
    assert {spot["state"] for spot in ack.spots.values()} == {"RUNNING"}
    assert node.states() == {"web": "RUNNING", "db": "RUNNING"}  # with the answer, not after it
    assert (node.home / "spots/web/conf").read_text() == "one\n"
    assert node.held().lanes["main"].active == 1

    again = node.send(first.stream(keys.sign("alice")))
    assert (again.verdict, set(again.spots)) == ("duplicate", {"web", "db"})
    stranger = node.send(first.after({}).stream(keys.sign("mallory")))
    assert (stranger.verdict, stranger.code) == ("rejected", "keyhole")

    gone = first.after({"db": first.parts["web1"].lines["db"]})
    delta = gone.stream(keys.sign("alice"), held=first.parts["web1"].hashes)
    assert node.send(delta).verdict == "applied"
    assert node.states() == {"db": "RUNNING"}


SLOW = "trap 'sleep 1; exit' TERM; while :; do sleep 0.05; done"


def test_a_march_is_done_when_what_it_drops_is_gone(node: Node, keys: Keys) -> None:
    slow = forge.line("db", command=["/bin/sh", "-c", SLOW], ready=READY)
    web = forge.line("web", ready=READY)
    made = plan()
    both = forge.Plan.of({"web": web, "db": slow}, issued=made.issued, expires=made.expires)
    assert node.send(both.stream(keys.sign("alice"))).verdict == "applied"
    ack = node.send(both.after({"web": web}).stream(keys.sign("alice")))
    assert (ack.verdict, set(ack.spots)) == ("applied", {"web"})
    assert node.states() == {"web": "RUNNING"}


def test_what_a_march_drops_and_cannot_undo_fails_it(node: Node, keys: Keys) -> None:
    check, undo = ["test", "-e", "made"], ["/bin/sh", "-c", "test -e free && rm made"]
    keys_of = {"kind": "resource", "check": check, "make": ["touch", "made"], "undo": undo}
    web = forge.line("web", ready=READY)
    made = plan()
    both = {"web": web, "job": forge.line("job", **keys_of)}
    first = forge.Plan.of(both, issued=made.issued, expires=made.expires)
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    ack = node.send(first.after({"web": web}).stream(keys.sign("alice")))
    assert ack.verdict == "failed"
    assert ack.spots["job"] == {"state": "FAIL", "result": "exit:1 (undo)"}
    assert ack.spots["web"]["state"] == "RUNNING"


def test_a_plan_that_another_one_replaces_before_its_end(node: Node, keys: Keys) -> None:
    slow = forge.line("web", ready={"how": "wait", "ms": 60_000})
    made = plan()
    first = forge.Plan.of({"web": slow}, issued=made.issued, expires=made.expires)
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(node.send, first.stream(keys.sign("alice")))
        until(lambda: node.states().get("web") == "STARTING", "web to start")
        after = first.after({"web": forge.line("web", ready=READY)})
        assert node.send(after.stream(keys.sign("alice"))).verdict == "applied"
        ack = waits.result(30)
    assert (ack.verdict, ack.final, ack.reason) == ("failed", True, "another plan took its place")


def test_a_unit_that_fails(node: Node, keys: Keys) -> None:
    bad = forge.line("web", command=["/nowhere"], restart="never")
    made = plan()
    failing = forge.Plan.of({"web": bad}, issued=made.issued, expires=made.expires)
    ack = node.send(failing.stream(keys.sign("alice")))
    assert (ack.verdict, ack.final) == ("failed", True)
    assert "ENOENT" in ack.spots["web"]["result"]
    assert node.held().lanes["main"].active == 0


def test_pm_dies_before_a_unit_that_the_plan_dropped_is_gone(node: Node, keys: Keys) -> None:
    first = plan()
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    dropped = node.home / "units/db/parameter"
    line = dropped.read_bytes()
    after = first.after({"web": forge.line("web", ready=READY)})  # no files: nothing is waited for
    assert node.send(after.stream(keys.sign("alice"))).verdict == "applied"
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait(60)
    until(lambda: not brood.marked(node.mark), "everything to be gone", 60)
    dropped.parent.mkdir()
    dropped.write_bytes(line)
    node.start()
    until(lambda: node.states() == {"web": "RUNNING"}, "only what is held to run")
    until(lambda: not dropped.exists(), "the rest to be cleared")


def test_pm_is_killed_and_comes_back_with_what_it_holds(node: Node, keys: Keys) -> None:
    first = plan()
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait(60)
    until(lambda: not brood.marked(node.mark), "everything to be gone", 60)
    # A process that ends has no environment any more while its pipes are still being closed.
    until(lambda: node.call("send", "0" * 64, "0" * 16, "5").returncode == 3, "no reader")
    node.start()
    ack = until(lambda: node.send(first.stream(keys.sign("alice"))), "an answer")
    assert ack.verdict == "duplicate"
    following = first.after({"db": forge.line("db", ready=READY, nice=1)})
    assert node.send(following.stream(keys.sign("alice"))).verdict == "applied"
