"""Single spots move in their order; an interrupted march tells every state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.controller.march.desk import Desk, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import reach, run, serial, story

from enve.model.report import End

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


@story
async def test_a_single_spot_is_given_up_before_it_is_taken(alice: Desk, fleet: Fleet) -> None:
    nodes, single = fleet(2), line("db", single=True)
    await run(alice, nodes, plan({"n1": [single], "n2": [line("web")]}))
    n1, n2 = nodes.sims["n1"], nodes.sims["n2"]
    n1.gate = asyncio.Event()
    moved = plan({"n1": [line("web")], "n2": [line("web"), single]})
    task = asyncio.create_task(alice.march(nodes, moved).run())
    await reach(lambda: n1.log.count("send") == 2)
    assert n2.log.count("send") == 1
    n1.gate.set()
    assert await task == 0
    assert "db" in n2.lanes["main"].part.lines


@pytest.mark.parametrize("trouble", ["unreachable", "fails"])
@story
async def test_a_single_spot_stays_where_it_cannot_be_given_up(
    alice: Desk, fleet: Fleet, trouble: str
) -> None:
    nodes, single = fleet(2), line("db", single=True)
    await run(alice, nodes, plan({"n1": [single], "n2": [line("web")]}))
    if trouble == "unreachable":
        nodes.sims["n1"].unreachable = "timed out"
    else:
        nodes.sims["n1"].fails["web"] = "exit:1"
    moved = plan({"n1": [line("web")], "n2": [line("web"), single]})
    assert await run(alice, nodes, moved) == (4 if trouble == "unreachable" else 3)
    assert alice.verdicts["n2"] == "pending"
    assert serial(nodes, "n2") == 1
    assert await run(alice, nodes, moved, allow_both=True) != 0
    assert "db" in nodes.sims["n2"].lanes["main"].part.lines


@story
async def test_after_ctrl_c_every_nodes_state_is_told(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    n1, n2, n3 = nodes.sims.values()
    n2.gate, n3.gate = asyncio.Event(), asyncio.Event()
    shop = plan({name: [line("web")] for name in nodes.sims})
    task = asyncio.create_task(alice.march(nodes, shop).run())
    await reach(lambda: bool(n1.lanes) and "send" in n2.log and "send" in n3.log)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alice.verdicts == {"n1": "applied", "n2": "unknown", "n3": "unknown"}
    assert alice.events[-1] == replace(_end(alice), code=130)
    assert all(not sim.leases for sim in nodes.sims.values())
    assert nodes.open == 0
    assert alice.history.entries()[0].fates == alice.verdicts
    n2.gate.set()
    n3.gate.set()
    assert await run(alice, nodes, shop) == 0


@story
async def test_ctrl_c_before_the_signature_leaves_nothing(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    nodes.sims["n1"].lease_gate = asyncio.Event()
    task = asyncio.create_task(alice.march(nodes, plan({"n1": [line("web")]})).run())
    await reach(lambda: "lease" in nodes.sims["n1"].log)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alice.history.entries() == []
    assert nodes.open == 0
    assert _end(alice).summary == "interrupted: nothing was sent"


@pytest.mark.parametrize(
    ("trouble", "verdict", "told"),
    [
        ("babbles", "failed", "printed more than 16 MiB"),
        ("silent", "deadline", "no lease within 4 s"),
    ],
)
@story
async def test_a_node_that_gives_no_lease_holds_up_no_other(
    trouble: str, verdict: str, told: str, alice: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    n1 = nodes.sims["n1"]
    n1.babbles = trouble == "babbles"
    n1.lease_gate = asyncio.Event() if trouble == "silent" else None
    shop = plan({name: [line("web")] for name in nodes.sims})
    assert await run(alice, nodes, shop, deadline=4) != 0
    assert alice.verdicts == {"n1": verdict, "n2": "applied"}
    problem = alice.results["n1"].problem
    assert problem is not None
    assert told in problem.message


def _end(desk: Desk) -> End:
    last = desk.events[-1]
    assert isinstance(last, End)
    return last
