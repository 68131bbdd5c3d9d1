"""Many nodes at once: bounded, each with its own outcome; the first replacement alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from enve.app import fleet
from enve.app.wave import Wave
from enve.errors import InputError, LeaseError, NodeFailure, RefusedError, Unreachable
from enve.model.report import Event, Result
from enve.model.site import Connection, Node

NODES = [Node(f"n{i}", Connection()) for i in range(8)]


def each(
    work: Callable[[Node], Awaitable[Result]], *, forks: int = 8, deadline: float = 30
) -> tuple[dict[str, Result], list[Event]]:
    events: list[Event] = []

    async def main() -> dict[str, Result]:
        return dict(
            await fleet.each(NODES, work, forks=forks, deadline=deadline, emit=events.append)
        )

    return asyncio.run(main()), events


def test_no_more_than_forks_are_at_work() -> None:
    now, most = 0, 0

    async def work(node: Node) -> Result:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return Result(node.name, "unchanged")

    results, events = each(work, forks=3)
    assert most == 3
    assert set(results) == {node.name for node in NODES}
    assert len(events) == len(NODES)


OUTCOMES = {
    "n0": (Unreachable("x", kind="refused"), "unreachable", 4),
    "n1": (NodeFailure("x"), "failed", 3),
    "n2": (RefusedError("x"), "refused", 5),
    "n3": (LeaseError("x"), "leased", 6),
    "n4": (InputError("x"), "failed", 65),
    "n5": (TimeoutError(), "deadline", 124),
    "n6": (ValueError("a bug"), "unexpected", 1),
}


def test_every_error_becomes_an_outcome_of_its_node_alone() -> None:
    async def work(node: Node) -> Result:
        if node.name in OUTCOMES:
            raise OUTCOMES[node.name][0]
        return Result(node.name, "changed")

    results, _ = each(work)
    assert results["n7"].outcome == "changed"
    for name, (_, outcome, code) in OUTCOMES.items():
        result = results[name]
        assert result.problem is not None
        assert (result.outcome, result.problem.code) == (outcome, code)
    assert fleet.code({name: results[name] for name in ("n0", "n1", "n7")}) == 3


def test_a_node_past_its_deadline_ends_alone() -> None:
    async def work(node: Node) -> Result:
        if node.name == "n3":
            await asyncio.sleep(3600)
        return Result(node.name, "changed")

    results, _ = each(work, deadline=0.5)
    assert {r.node for r in results.values() if r.outcome == "deadline"} == {"n3"}


def test_an_interrupt_gives_every_open_node_a_word() -> None:
    events: list[Event] = []
    first = asyncio.Event()

    def emit(event: Event) -> None:
        events.append(event)
        first.set()

    async def work(node: Node) -> Result:
        if node.name != "n0":
            await asyncio.sleep(3600)
        return Result(node.name, "changed")

    async def main() -> None:
        task = asyncio.ensure_future(fleet.each(NODES, work, forks=4, deadline=600, emit=emit))
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    outcomes = {e.node: e.outcome for e in events if isinstance(e, Result)}
    assert outcomes == {n.name: "changed" if n.name == "n0" else "deadline" for n in NODES}
    told = [e.detail for e in events if isinstance(e, Result) and e.outcome == "deadline"]
    assert told.count("interrupted: its state is not known") in (3, 4)
    assert told.count("interrupted: nothing was done") in (4, 3)
    assert len(told) == 7


def test_the_first_goes_alone_and_the_others_follow() -> None:
    order: list[str] = []

    async def one(wave: Wave, name: str, first: asyncio.Event) -> None:
        async with wave.turn(name):
            order.append(f"in {name}")
            if name == "a":
                await first.wait()
            order.append(f"out {name}")

    async def main() -> None:
        wave, first = Wave(), asyncio.Event()
        tasks = [asyncio.create_task(one(wave, name, first)) for name in "abc"]
        for _ in range(10):
            await asyncio.sleep(0)
        assert order == ["in a"]
        first.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert order[:2] == ["in a", "out a"]
    assert len(order) == 6


def test_when_the_first_fails_the_others_are_held_back() -> None:
    async def one(wave: Wave, name: str) -> None:
        async with wave.turn(name):
            raise NodeFailure("broken")

    async def main() -> list[BaseException | None]:
        wave = Wave()
        return await asyncio.gather(*(one(wave, n) for n in "abc"), return_exceptions=True)

    told = [str(error) for error in asyncio.run(main())]
    assert told == ["broken", *["held back: the new pm failed on a, which went first"] * 2]
