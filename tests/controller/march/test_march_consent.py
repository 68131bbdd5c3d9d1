"""Whose key may march, and what a person is asked about first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.controller.march.desk import Desk, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import refused, run, story

from enve.core.moment import written
from enve.errors import (
    EnveError,
    MissingError,
    RefusedError,
)
from enve.model.report import End

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


@story
async def test_a_stranger_is_refused_by_every_node(
    alice: Desk, stranger: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    shop = plan({"n1": [line("web")], "n2": [line("web")]})
    told = await refused(stranger, nodes, RefusedError, shop)
    assert "named by no keyhole" in told.message
    assert told.notes[0].startswith("keys that would do: alice (")
    assert [sim.log for sim in nodes.sims.values()] == [["look"]] * 2
    assert await run(stranger, nodes, shop, check=True) == 5
    assert stranger.results["n2"].outcome == "refused"
    # Another blueprint than the nodes' says yes: they judge for themselves.
    assert await run(stranger, nodes, shop, keyholes=(stranger.keyhole(),)) == 5
    assert stranger.verdicts == {"n1": "rejected", "n2": "rejected"}
    assert all(not sim.lanes for sim in nodes.sims.values())
    assert await run(alice, nodes, shop) == 0


@story
async def test_a_key_out_of_scope_is_told_what_its_keyhole_reads(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    nodes.sims["n1"].keyholes = (alice.keyhole("*.db"),)
    assert await run(alice, nodes, plan({"n1": [line("web")]})) == 5
    told = alice.results["n1"].problem
    assert told is not None
    assert told.notes[1] == "its keyhole reads: march, scope *.db"
    assert await run(alice, nodes, plan({"n1": [line("web")]}), check=True) == 5
    told = alice.results["n1"].problem
    assert told is not None
    assert told.message == "would be refused: key alice may not add web"
    assert alice.differences


@story
async def test_a_keyhole_that_does_not_open_any_more_is_seen_before_signing(
    alice: Desk, fleet: Fleet
) -> None:
    nodes = fleet(1)
    shop = plan({"n1": [line("web")]})
    over = (alice.keyhole(until=alice.now - 1), alice.keyhole(lanes=("db",)))
    told = await refused(alice, nodes, RefusedError, shop, keyholes=over)
    assert "has a keyhole that is not valid any more" in told.message
    assert told.notes[0] == f"its keyhole reads: march, scope **, until {written(alice.now - 1)}"
    await run(alice, nodes, shop, keyholes=(*over, alice.keyhole()))
    assert alice.verdicts == {"n1": "applied"}


@story
async def test_a_check_with_a_key_that_is_not_here_says_so(alice: Desk, fleet: Fleet) -> None:
    nodes, shop = fleet(1), plan({"n1": [line("web")]})
    lost = replace(alice, fingerprint="F" * 40)
    assert await run(lost, nodes, shop, check=True) == 2
    told = await refused(lost, nodes, MissingError, shop, check=True, key="F" * 40)
    assert told.message == f"no key matches '{'F' * 40}'"


@story
async def test_a_check_never_says_applied(alice: Desk, fleet: Fleet) -> None:
    nodes, shop = fleet(2), plan({"n1": [line("web")], "n2": [line("web")]})
    over = (alice.keyhole(until=alice.now - 1),)
    assert await run(alice, nodes, shop, check=True, keyholes=over) == 5
    end = alice.events[-1]
    assert isinstance(end, End)
    assert end.summary == "would be refused on 2 nodes; nothing was sent"
    told = alice.results["n1"].problem
    assert told is not None
    assert "has a keyhole that is not valid any more (it ended " in told.message


@story
async def test_a_want_set_by_hand_is_asked_about(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    shop = plan({"n1": [line("web"), line("db", want="down")]})
    await run(alice, nodes, shop)
    sim = nodes.sims["n1"]
    sim.manual = {"web"}
    told = await refused(alice, nodes, EnveError, shop, answer=None)
    assert (told.exit_code, sim.manual) == (2, {"web"})
    assert await run(alice, nodes, shop, check=True) == 2
    assert alice.differences[0].changes[0].symbol == ">"
    assert (await refused(alice, nodes, EnveError, shop, answer=False)).exit_code == 2
    assert await run(alice, nodes, shop, answer=None, yes=True) == 0
    assert (sim.manual, sim.kinds[-1]) == (set(), "same")


@story
async def test_many_nodes_want_a_yes_where_nobody_can_be_asked(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    shop = plan({name: [line("web")] for name in nodes.sims})
    told = await refused(alice, nodes, EnveError, shop, answer=None, confirm_above=2)
    assert told.exit_code == 2
    assert await run(alice, nodes, shop, answer=None, confirm_above=3) == 0


@story
async def test_another_plan_is_not_replaced_by_accident(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({"n1": [line("web")], "n2": [line("old")]}))
    other = plan({"n1": [line("db")]}, name="db")
    told = await refused(alice, nodes, EnveError, other, answer=None, yes=True)
    assert (told.exit_code, told.hint[:19]) == (2, "--replace-plan shop")
    assert await run(alice, nodes, other, check=True) == 2
    assert await run(alice, nodes, other, answer=None, replace_plan="shop") == 0
    assert [*nodes.sims["n1"].lanes["main"].part.lines] == ["db"]
    assert nodes.sims["n2"].lanes["main"].part.lines == {}


@story
async def test_a_clock_that_is_off_stops_the_march(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    alice.now += 301
    shop = plan({name: [line("web")] for name in nodes.sims})
    told = await refused(alice, nodes, MissingError, shop)
    assert "301 s ahead" in told.message


# -- two people -----------------------------------------------------------------------------------


@story
async def test_a_plan_without_units_wants_a_yes(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({name: [line("web")] for name in nodes.sims}))
    nothing = plan({name: [] for name in nodes.sims})
    told = await refused(alice, nodes, EnveError, nothing, answer=None)
    assert (told.exit_code, "all that it placed on 2 nodes would go" in told.message) == (2, True)
    assert await run(alice, nodes, nothing, confirm_above=9) == 0
    assert "all that the plan has placed goes" in alice.asked[-1]
    assert nodes.sims["n1"].lanes["main"].part.lines == {}


@story
async def test_a_check_knows_what_another_lane_holds(alice: Desk, fleet: Fleet) -> None:
    nodes, both = fleet(1), (alice.keyhole(lanes=("main", "db")),)
    nodes.sims["n1"].keyholes = both
    assert await run(alice, nodes, plan({"n1": [line("web")]}), keyholes=both) == 0
    other = plan({"n1": [line("web")]}, lane="db")
    assert await run(alice, nodes, other, check=True, keyholes=both) == 3
    told = alice.results["n1"].problem
    assert told is not None
    assert told.message == "would be refused: web is held by the lane main"
    assert await run(alice, nodes, other, keyholes=both) == 3  # and so it is
    assert alice.verdicts == {"n1": "rejected"}
