"""Signed streams on a node whose wall clock is set: nothing old opens, nothing good is lost for
long, and a refusal names both times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import READY, Node, plan
from tests.support.wallclock import YEAR, WallClock

pytestmark = [pytest.mark.real, pytest.mark.wallclock]

HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice"])
    yield made
    made.home.close()


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[WallClock]:
    clock = WallClock(tmp_path)
    yield clock
    clock.clear()


@pytest.fixture
def node(keys: Keys, tmp_path: Path, clock: WallClock) -> Iterator[Node]:
    """Deployed an hour ago."""
    made = Node(tmp_path, keys)
    made.extra = clock.environment
    then = int(time.time()) - HOUR
    (made.home / "trust/clock.json").write_text(
        json.dumps({"deployed": then, "floor": then, "v": 1}, separators=(",", ":"))
    )
    made.start()
    yield made
    clock.put(0)  # with one that is dead the library lets every sleep of the end last a minute
    made.end()


def year(seconds: float) -> str:
    return time.strftime("%Y-", time.gmtime(seconds))


def test_a_plan_that_is_over_by_this_clock(node: Node, keys: Keys, clock: WallClock) -> None:
    stream = plan().stream(keys.sign("alice"))
    for ahead in (2 * HOUR, YEAR):
        clock.put(ahead)
        ack = node.send(stream)
        assert (ack.verdict, ack.code) == ("rejected", "expired")
        assert year(clock.now()) in ack.reason and year(time.time()) in ack.reason
    clock.put(0)
    assert node.send(stream).verdict == "applied", "the wrong clock has left nothing behind"


def test_a_clock_that_is_dead(node: Node, keys: Keys, clock: WallClock) -> None:
    """It stands before the last deploy: that is when it is then, at the earliest."""
    clock.set(HOUR)
    first = plan()
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    old = int(time.time()) - 2 * HOUR
    over = first.after({"web": forge.line("web", ready=READY)}, issued=old - DAY, expires=old)
    ack = node.send(over.stream(keys.sign("alice")))
    assert (ack.verdict, ack.code) == ("rejected", "expired"), "1970 opens nothing"


def test_a_clock_that_is_behind(node: Node, keys: Keys, clock: WallClock) -> None:
    """After the last deploy, but more than a day before the plan was signed."""
    then = int(time.time()) - YEAR
    clock_file = node.home / "trust/clock.json"
    clock_file.write_text(f'{{"deployed":{then - DAY},"floor":{then - DAY},"v":1}}')
    clock.put(-YEAR)
    stream = plan().stream(keys.sign("alice"))
    ack = node.send(stream)
    assert (ack.verdict, ack.code) == ("rejected", "clock")
    assert year(clock.now()) in ack.reason
    clock.put(-HOUR)
    assert node.send(stream).verdict == "applied"


def test_a_keyhole_has_its_time(node: Node, keys: Keys, clock: WallClock) -> None:
    now = int(time.time())
    hole = forge.keyhole(keys["alice"], **{"from": now - HOUR, "until": now + HOUR})
    node.lay(forge.blueprint([hole], pms={}))
    stream = plan().stream(keys.sign("alice"))
    clock.put(2 * HOUR)
    ack = node.send(stream)
    assert (ack.verdict, ack.code) == ("rejected", "keyhole")
    assert "not valid any more (it ended " in ack.reason and "here it is " in ack.reason
    clock.put(0)
    assert node.send(stream).verdict == "applied"
    clock.put(YEAR)
    assert node.send(stream).code == "keyhole"
    assert set(node.states().values()) == {"RUNNING"}, "what runs stays"
