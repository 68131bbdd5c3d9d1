"""Several people march: leases, forks, and heads that are known or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.controller.march.desk import Desk, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import reach, refused, run, serial, story

from enve.core import serials
from enve.core.parts import Place
from enve.errors import LeaseError
from enve_pm.core.chain import STEP
from enve_pm.wire import head as heads

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


@story
async def test_of_two_marches_at_once_one_is_told(alice: Desk, bob: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    for sim in nodes.sims.values():
        sim.gate = asyncio.Event()
    mine = plan({name: [line("web")] for name in nodes.sims})
    first = asyncio.create_task(alice.march(nodes, mine).run())
    await reach(lambda: all("send" in sim.log for sim in nodes.sims.values()))
    theirs = plan({name: [line("db")] for name in nodes.sims})
    told = pytest.raises(LeaseError, match="alice is marching")
    with told:
        await bob.march(nodes, theirs).run()
    assert all(sim.leases == {"main": "alice"} for sim in nodes.sims.values())
    for sim in nodes.sims.values():
        assert sim.gate is not None
        sim.gate.set()
    assert await first == 0
    assert [*nodes.sims["n1"].lanes["main"].part.lines] == ["web"]
    assert nodes.open == 0


@story
async def test_who_loses_later_gives_all_back(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(3)
    nodes.sims["n3"].leases["main"] = "carol@desk"
    shop = plan({name: [line("web")] for name in nodes.sims})
    with pytest.raises(LeaseError, match="carol@desk"):
        await run(alice, nodes, shop)
    assert [sim.leases for sim in nodes.sims.values()] == [{}, {}, {"main": "carol@desk"}]
    assert alice.history.entries() == []


@story
async def test_a_march_in_between_is_seen_when_the_lease_is_won(
    alice: Desk, bob: Desk, fleet: Fleet
) -> None:
    nodes, other = fleet(1), fleet(1)
    await run(bob, other, plan({"n1": [line("db")]}))
    sim = nodes.sims["n1"]
    sim.at_lease = lambda: sim.lanes.update(other.sims["n1"].lanes)
    with pytest.raises(LeaseError, match="a moment ago"):
        await run(alice, nodes, plan({"n1": [line("web")]}))
    assert sim.leases == {}


@story
async def test_people_build_on_each_other(alice: Desk, bob: Desk, fleet: Fleet) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({"n1": [line("web")], "n2": [line("web")]}))
    both = [line("web"), line("db")]
    assert await run(bob, nodes, plan({"n1": both, "n2": [line("web")]})) == 0
    assert bob.differences[0].title == "shop #2 (held: #1 by alice, just now)"
    assert await run(alice, nodes, plan({"n1": both, "n2": both})) == 0
    assert serial(nodes, "n2") == 3


@story
async def test_a_fork_stops_the_march_and_can_be_joined(
    alice: Desk, bob: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    n1, n2 = SimFleet(nodes.sims["n1"]), SimFleet(nodes.sims["n2"])
    await run(alice, n1, plan({"n1": [line("web")]}))
    await run(bob, n2, plan({"n2": [line("web")]}))
    shop = plan({"n1": [line("db")], "n2": [line("db")]})
    told = await refused(alice, nodes, LeaseError, shop)
    assert told.exit_code == 6
    forced = told.hint.split()[-1]
    assert await run(alice, nodes, shop, force_base=forced) == 0
    assert heads.parse(nodes.sims["n1"].lanes["main"].head).force_base == forced


@story
async def test_a_lying_node_does_not_stop_the_lane(
    alice: Desk, stranger: Desk, fleet: Fleet
) -> None:
    nodes, liar = fleet(2), fleet(1)
    liar.sims["n1"].keyholes = (stranger.keyhole(),)
    for number in range(3):
        await run(stranger, liar, plan({"n1": [line("web", nice=number)]}))
    nodes.sims["n1"].lanes = liar.sims["n1"].lanes
    shop = plan({"n1": [line("web")], "n2": [line("web")]})
    await run(alice, nodes, shop, keyholes=(alice.keyhole(),))
    assert alice.verdicts["n2"] == "applied"
    assert serial(nodes, "n2") == 1
    assert any(text.startswith("bad-state, ignored: n1") for text in alice.notices)


@story
async def test_a_thief_of_one_node_does_not_use_up_the_serials_of_all(
    alice: Desk, bob: Desk, fleet: Fleet
) -> None:
    """bob's key is good for n1 alone: the highest step that a node takes, and then any number that
    n1 shows, which obeys him."""
    nodes = fleet(2)
    n1, n2 = nodes.sims.values()
    n1.keyholes, n2.keyholes = (alice.keyhole(), bob.keyhole("n1.**")), (alice.keyhole(),)
    shop = plan({"n1": [line("web")], "n2": [line("web")]})
    assert await run(alice, nodes, shop) == 0
    only = SimFleet(n1)
    with leaping(STEP):
        assert await run(bob, only, plan({"n1": [line("web", nice=1)]})) == 0
    assert await run(alice, nodes, shop) == 5  # n2 takes no such step
    assert (alice.verdicts["n1"], alice.verdicts["n2"]) == ("applied", "rejected")
    # What deploy does, on the way to a blueprint without bob's key.
    n2.floors = {"main": serial(nodes, "n1")}
    again = plan({"n1": [line("web", nice=2)], "n2": [line("web", nice=2)]})
    assert await run(alice, nodes, again) == 0
    n1.floors = {"main": (1 << 52) + STEP}
    with leaping(1 << 52):
        assert await run(bob, only, plan({"n1": [line("web", nice=1)]})) == 0
    await run(alice, nodes, shop)
    assert alice.verdicts == {"n1": "rejected", "n2": "applied"}
    assert any("too far above" in text and "n1" in text for text in alice.notices)
    assert max(entry.signed.serial for entry in alice.history.entries()) < 2 * STEP


@contextmanager
def leaping(step: int) -> Iterator[None]:
    """Who marches now signs a serial so much higher than he should."""
    with pytest.MonkeyPatch.context() as patch:
        place = serials.place

        def leap(*args: Any, **more: Any) -> Place:
            found = place(*args, **more)
            return replace(found, serial=found.serial - 1 + step)

        patch.setattr(serials, "place", leap)
        yield


# -- what was signed before -----------------------------------------------------------------------


@story
async def test_a_rejected_head_is_no_base_but_keeps_its_serial(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    nodes.sims["n1"].keyholes = (alice.keyhole("*.db"),)
    await run(alice, nodes, plan({"n1": [line("web")]}))
    assert await run(alice, nodes, plan({"n1": [line("db")]})) == 0
    head = heads.parse(nodes.sims["n1"].lanes["main"].head)
    assert (head.serial, head.bases) == (2, ())


@story
async def test_a_head_that_may_still_arrive_is_superseded(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    one, two = plan({"n1": [line("web")]}), plan({"n1": [line("db")]})
    await run(alice, nodes, one)
    kept = dict(sim.lanes)
    sim.silent = True
    assert await run(alice, nodes, two) == 124
    sim.silent, sim.lanes = False, kept  # it had never arrived
    assert await run(alice, nodes, one) == 0
    assert (serial(nodes, "n1"), sim.kinds[-1]) == (3, "same")
    sim.log.clear()
    assert await run(alice, nodes, one) == 0
    assert sim.log == ["look"]


@story
async def test_history_is_on_disk_before_the_first_byte(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    sim.gate = asyncio.Event()
    task = asyncio.create_task(alice.march(nodes, plan({"n1": [line("web")]})).run())
    await reach(lambda: "send" in sim.log)
    [entry] = alice.history.entries()
    assert (entry.signed.serial, entry.sent, entry.may_be_held) == (1, frozenset({"n1"}), True)
    assert entry.path.stat().st_mode & 0o777 == 0o600
    sim.gate.set()
    assert await task == 0
    assert alice.history.entries()[0].fates == {"n1": "applied"}


@story
async def test_without_history_a_head_is_taken_from_the_nodes(
    alice: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    nodes = fleet(1)
    await run(alice, nodes, plan({"n1": [line("web")]}))
    fresh = replace(alice, state=tmp_path / "elsewhere", events=[], asked=[])
    assert await run(fresh, nodes, plan({"n1": [line("web", nice=5)]})) == 0
    assert fresh.differences[0].changes[0].symbol == "?"
    assert serial(nodes, "n1") == 2
    assert [entry.seen for entry in fresh.history.entries()] == [False, True]


# -- files, secrets, artifacts --------------------------------------------------------------------


# -- nodes that are away --------------------------------------------------------------------------


@story
async def test_a_lost_node_that_leaves_the_plan_stays_named_until_it_is_cleared(
    alice: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({"n1": [line("web")], "n2": [line("web")]}))
    nodes.sims["n2"].unreachable = "timed out"
    less = plan({"n1": [line("web")]})
    for _ in range(3):
        assert await run(alice, nodes, less) == 4
        assert alice.verdicts["n2"] == "unreachable"
    nodes.sims["n2"].unreachable = ""
    assert await run(alice, nodes, less) == 0
    assert nodes.sims["n2"].lanes["main"].part.lines == {}
    nodes.sims["n2"].unreachable = "timed out"
    assert await run(alice, nodes, less) == 0
    assert alice.verdicts == {"n1": "unsent"}


@story
async def test_a_lost_node_of_which_nothing_is_known_is_a_warning(
    alice: Desk, bob: Desk, fleet: Fleet
) -> None:
    nodes = fleet(2)
    await run(alice, nodes, plan({"n1": [line("web")], "n2": [line("web")]}))
    nodes.sims["n2"].unreachable = "timed out"
    assert await run(bob, nodes, plan({"n1": [line("web")]})) == 0
    assert any(told.startswith("out of reach and not in the plan: n2") for told in bob.notices)
