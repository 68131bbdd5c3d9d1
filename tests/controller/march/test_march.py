"""Marches over nodes that judge with the node's own code, and real signatures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.controller.march.desk import Desk, blob, file, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import run, serial, story

from enve.model.report import End

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


@story
async def test_a_plan_is_signed_once_and_applied_everywhere(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    shop = plan({name: [line("web")] for name in nodes.sims})
    assert await run(alice, nodes, shop) == 0
    assert alice.verdicts == dict.fromkeys(nodes.sims, "applied")
    assert {sim.lanes["main"].sigs for sim in nodes.sims.values()} == {
        nodes.sims["n1"].lanes["main"].sigs
    }
    assert nodes.connections == 3
    assert [sim.log for sim in nodes.sims.values()] == [["look", "lease", "send"]] * 3
    assert [one.nodes for one in alice.differences] == [("n1", "n2", "n3")]
    assert alice.differences[0].title == "shop #1 (held: nothing)"
    assert any(text.startswith("signed once by alice ") for text in alice.notices)
    assert alice.asked == ["Plan: 3 + on 3 nodes (1 group alike). March?"]
    assert isinstance(alice.events[-1], End)


@story
async def test_nothing_to_do_signs_and_sends_nothing(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    shop = plan({name: [line("web")] for name in nodes.sims})
    await run(alice, nodes, shop)
    for sim in nodes.sims.values():
        sim.log.clear()
    assert await run(alice, nodes, shop) == 0
    assert [sim.log for sim in nodes.sims.values()] == [["look"]] * 2
    assert alice.verdicts == {"n1": "unsent", "n2": "unsent"}
    assert serial(nodes, "n1") == 1


@story
async def test_where_not_everything_runs_a_check_says_so_as_the_march_does(
    alice: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    shop = plan({name: [line("web")] for name in nodes.sims})
    await run(alice, nodes, shop)
    nodes.sims["n2"].fails = {"web": "exit:3"}
    told = []
    for check in (False, True):
        assert await run(alice, nodes, shop, check=check) == 3
        told.append({name: replace(one, seconds=0) for name, one in alice.results.items()})
        end = alice.events[-1]
        assert isinstance(end, End)
        assert end.summary == "nothing to send, but not everything runs on 1 of 2 nodes"
    assert told[0] == told[1]
    assert told[1]["n1"].outcome == "unchanged"
    problem = told[1]["n2"].problem
    assert problem is not None and problem.notes == ("web  FAIL exit:3",)


@story
async def test_one_changed_node_gets_a_delta_and_the_others_the_new_head(
    alice: Desk, fleet: Fleet
) -> None:
    nodes, conf = fleet(3), blob(b"a\nb\n")
    long = line("db", env={"LONG": "x" * 400})
    lines = [line("web", files={"f": file(conf)}, reload={"signal": "HUP"}), long]
    await run(alice, nodes, plan(dict.fromkeys(nodes.sims, lines), conf))
    changed = blob(b"a\nc\n")
    fresh = [line("web", files={"f": file(changed)}, reload={"signal": "HUP"}), long]
    shop = plan({"n1": lines, "n2": fresh, "n3": lines}, conf, changed)
    assert await run(alice, nodes, shop, show_diff=True) == 0
    assert [sim.kinds[-1] for sim in nodes.sims.values()] == ["same", "delta", "same"]
    assert [serial(nodes, name) for name in nodes.sims] == [2, 2, 2]
    assert [result.outcome for result in alice.results.values()].count("changed") == 1
    [shown] = alice.differences
    [row] = shown.changes
    assert (shown.nodes, shown.title) == (("n2",), "shop #2 (held: #1 by alice, just now)")
    assert (row.symbol, row.name, row.action, row.detail) == ("~", "web", "reload", "f +1 -1")
    assert "-b\n+c" in row.diff


@story
async def test_check_tells_and_changes_nothing(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    shop = plan({"n1": [line("web")], "n2": [line("web")]})
    assert await run(alice, nodes, shop, check=True) == 2
    assert alice.verdicts == {"n1": "unsent", "n2": "unsent"}
    assert [sim.log for sim in nodes.sims.values()] == [["look"]] * 2
    assert alice.history.entries() == []
    await run(alice, nodes, shop)
    assert await run(alice, nodes, shop, check=True) == 0


@story
async def test_a_node_that_leaves_the_plan_is_emptied(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({"n1": [line("web")], "n2": [line("web")]}))
    assert await run(alice, nodes, plan({"n1": [line("web")]})) == 0
    assert nodes.sims["n2"].lanes["main"].part.lines == {}
    assert [row.symbol for row in alice.differences[0].changes] == ["-"]
    nodes.sims["n2"].log.clear()
    assert await run(alice, nodes, plan({"n1": [line("web")]})) == 0
    assert nodes.sims["n2"].log == ["look"]


@story
async def test_forgetful_and_busy_nodes_are_tried_again(alice: Desk, fleet: Fleet) -> None:
    nodes, long = fleet(2), line("web", env={"LONG": "x" * 400})
    await run(alice, nodes, plan({"n1": [long], "n2": [long]}))
    nodes.sims["n1"].forget = True
    nodes.sims["n2"].busy = 2
    both = [long, line("db")]
    assert await run(alice, nodes, plan({"n1": both, "n2": both})) == 0
    assert nodes.sims["n1"].kinds == ["part", "delta", "part"]
    assert nodes.sims["n2"].kinds == ["part", "delta", "delta", "delta"]
    assert [serial(nodes, name) for name in nodes.sims] == [2, 2]


@story
async def test_a_node_that_stays_busy_counts_as_unreachable(
    alice: Desk, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve.app.follow.PAUSE", 0.001)
    nodes = fleet(1)
    nodes.sims["n1"].busy = 99
    assert await run(alice, nodes, plan({"n1": [line("web")]})) == 4
    assert alice.verdicts == {"n1": "busy"}


@story
async def test_each_kind_of_trouble_has_its_code(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(5)
    nodes.sims["n1"].unreachable = "timed out"
    nodes.sims["n2"].alive = False
    nodes.sims["n3"].installed = False
    nodes.sims["n4"].silent = True
    nodes.sims["n5"].fails["web"] = "exit:1"
    shop = plan({name: [line("web")] for name in nodes.sims}, skipped={"n6": "no facts"})
    assert await run(alice, nodes, shop) == 3
    codes = {name: told.problem and told.problem.code for name, told in alice.results.items()}
    assert codes == {"n1": 4, "n2": 3, "n3": 3, "n4": 124, "n5": 3, "n6": 4}
    told = alice.results["n5"].problem
    assert told is not None
    assert told.notes == ("web  exit:1",)


@story
async def test_unreachable_nodes_alone_make_four(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    nodes.sims["n2"].unreachable = "timed out"
    shop = plan({"n1": [line("web")], "n2": [line("web")]})
    assert await run(alice, nodes, shop) == 4
    assert alice.verdicts == {"n1": "applied", "n2": "unreachable"}
    nodes.sims["n2"].unreachable = ""
    assert await run(alice, nodes, shop) == 0
    assert [serial(nodes, name) for name in nodes.sims] == [2, 2]


@story
async def test_a_lost_connection_is_asked_about_once_more(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    nodes.sims["n1"].drop_after_send = 1
    assert await run(alice, nodes, plan({"n1": [line("web")]})) == 0
    assert nodes.sims["n1"].log == ["look", "lease", "send", "ack"]
