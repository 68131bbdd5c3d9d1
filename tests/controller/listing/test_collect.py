"""Listing a fleet through hosts that answer, lie, hang, vanish: each is its own row."""

from __future__ import annotations

import asyncio

import pytest
from tests.support import cases
from tests.support.fakehost import FakeFleet, node

from enve.app.collect import Collector, command
from enve.app.watch import watch
from enve.core import tally
from enve.errors import Unreachable
from enve.host.base import Completed
from enve.model.report import Event, Result, Row

LOOK = cases.parts(cases.ROOT / "listings/fleet.txt")["look web02"].encode()
FINE = Completed(0, LOOK, b"")


def collect(fleet: FakeFleet, deadline: float = 60) -> tuple[dict[str, list[Row]], list[Event]]:
    events: list[Event] = []
    collector = Collector(fleet, lambda: 1_790_000_000_000, forks=4, deadline=deadline)

    async def story() -> dict[str, list[Row]]:
        async with fleet:
            return await collector.collect([node(name) for name in fleet.answers], events.append)

    return asyncio.run(story()), events


def test_one_connection_and_one_command_a_node() -> None:
    fleet = FakeFleet({"a": FINE, "b": FINE})
    found, events = collect(fleet)
    assert [row.address for row in found["b"]] == ["b.edge", "b.old"]
    assert sorted(fleet.connections) == ["a", "b"]
    assert len(fleet.commands) == 2
    assert sum(isinstance(event, Result) for event in events) == 2


def test_a_system_install_is_read_as_root_and_a_users_is_not() -> None:
    fleet = FakeFleet({"a": FINE, "b": FINE})
    nodes = [node("a", install="system"), node("b", install="user")]

    async def story() -> None:
        await Collector(fleet, lambda: 0, forks=4, deadline=60).collect(nodes, lambda event: None)

    asyncio.run(story())
    assert {(name, become) for name, _, become in fleet.commands} == {("a", True), ("b", False)}


async def hang() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("answer", "detail", "code"),
    [
        (
            Unreachable("b (10.0.0.2:22): timed out after 20 s", kind="timeout"),
            "unreachable: timed out after 20 s",
            4,
        ),
        (TimeoutError(), "no end within 60 s", 124),
        (Completed(0, b"== absent\n", b""), "pm is not installed", 3),
        (Completed(0, b"\x1b[2J", b""), "its states are unreadable: it ends within a line, or", 3),
        (Completed(127, b"", b"sh: x\x1b: not found\n"), "unreadable: exit status 127: sh: x", 3),
        (Completed(0, LOOK[: len(LOOK) // 2], b""), "its states are unreadable", 3),
        (ValueError("our bug"), "ValueError: our bug", 1),
    ],
)
def test_a_node_in_trouble_is_a_row(
    answer: Completed | BaseException, detail: str, code: int
) -> None:
    found, _ = collect(FakeFleet({"a": FINE, "b": answer, "c": FINE}))
    (row,) = found["b"]
    assert (row.address, row.node, row.state) == ("b", "b", "")
    assert detail in row.detail
    assert row.detail.isprintable()
    assert row.problem is not None
    assert row.problem.code == code
    assert len(found["a"]) == len(found["c"]) == 2
    assert tally.code([row for rows in found.values() for row in rows]) == code


def test_the_command_finds_the_writer_of_each_install() -> None:
    assert "m=/var/pm/march;" in command(node("a", install="system"))
    assert 'm="${XDG_STATE_HOME:-$HOME/.local/state}"/pm/run/march;' in command(node("a"))
    assert "m=/srv/pm/run/march;" in command(node("a", home="/srv/pm"))
    assert "m='/srv/a b'/march;" in command(node("a", home="/srv/pm", pipe="/srv/a b/default.pipe"))


def test_watching_tells_each_reading_and_reconnects() -> None:
    fleet = FakeFleet({"a": FINE, "b": FINE})
    told: list[tuple[str, str]] = []

    async def story() -> None:
        done = asyncio.Event()

        def reading(name: str, rows: list[Row]) -> None:
            told.append((name, rows[0].detail))
            if len(told) == 3:
                fleet.answers["b"] = Unreachable("b: gone", kind="lost")
            if len(told) == 8:
                fleet.answers["b"] = FINE
            if len(told) >= 8 and rows[0].detail != "unreachable: gone" and name == "b":
                done.set()

        collector = Collector(fleet, lambda: 0, forks=4, deadline=60)
        nodes = [node("a"), node("b")]
        task = asyncio.create_task(watch(nodes, collector, reading, interval=0.001))
        async with asyncio.timeout(60):
            await done.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert ("b", "unreachable: gone") in told
    assert fleet.connections.count("a") == 1
    assert fleet.connections.count("b") >= 2
    assert fleet.open == 0


def test_a_hung_node_holds_up_nobody() -> None:
    class Hung(FakeFleet):
        async def __call__(self, its, *, deadline):  # type: ignore[no-untyped-def]
            if its.name == "hung":
                await hang()
            return await super().__call__(its, deadline=deadline)

    fleet = Hung({"hung": FINE, "b": FINE})
    found, _ = collect(fleet, deadline=0.2)
    assert found["hung"][0].detail == "no end within 0.2 s"
    assert len(found["b"]) == 2


def test_footer_counts_what_is_certain() -> None:
    rows = [
        Row("a.x", "a", "RUNNING"),
        Row("a.y", "a", "FAIL"),
        Row("b.x", "b", "RUNNING", alive=False),
        Row("b.y", "b", alive=False),
    ]
    assert tally.footer(rows, 4) == (
        "4 units on 2 nodes: 1 RUNNING, 1 FAIL, 1 last known, 1 unknown"
    )
    assert tally.footer(rows[:1], 1) == "1 unit on 1 node: 1 RUNNING"
    assert tally.footer(rows, 1).startswith("4 units on 2 nodes, 1 row shown: ")
    assert tally.footer([], 0) == "0 units on 0 nodes"
