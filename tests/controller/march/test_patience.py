"""A march and stages that take longer than its deadline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.controller.march.desk import Desk, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import story

from enve.model.plan import RenderedPlan
from enve_pm.core.canonical import dumps

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]
STAGE = "lua-1!build@web"


def built(*nodes: str) -> RenderedPlan:
    body = {"do": "build", "url": "git+https://h/p", "table": {}}
    stage = dumps({"v": 1, "name": f"[{STAGE}]", "kind": "stage", "stage": body}).decode()
    return plan({node: [stage, line("web", needs=[STAGE])] for node in nodes})


@story
async def test_a_stage_at_work_is_waited_for_beyond_the_deadline(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    sim.building, sim.slow = STAGE, 3
    leased: list[int] = []
    sim.at_ack = lambda: leased.append(len(sim.leases))
    async with nodes:
        code = await alice.march(nodes, built("n1"), patient=True).run()
        assert code == 0, (alice.results, sim.log)
    assert sim.log == ["look", "lease", "send", *["look", "ack"] * 3]
    assert leased == [0, 0, 0]  # who only looks on keeps nobody from marching
    assert alice.verdicts == {"n1": "applied"}


@story
async def test_a_deadline_that_somebody_said_ends_it_and_the_stage_is_named(
    alice: Desk, fleet: Fleet
) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    sim.building, sim.slow = STAGE, 1
    async with nodes:
        assert await alice.march(nodes, built("n1")).run() == 124
    problem = alice.results["n1"].problem
    assert alice.verdicts == {"n1": "accepted"}
    assert problem is not None
    assert problem.notes == (f"[{STAGE}]  STARTING",)
    assert "it goes on there" in problem.hint


@story
async def test_who_has_died_meanwhile_is_not_waited_for(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    sim.building, sim.slow = STAGE, 9

    def dies() -> None:
        sim.alive = False

    sim.at_ack = dies
    async with nodes:
        assert await alice.march(nodes, built("n1"), patient=True).run() == 124
    assert sim.log.count("ack") == 1
