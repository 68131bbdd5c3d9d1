"""Marches over nodes that judge with the node's own code, and real signatures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.controller.march.desk import Desk, blob, file, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import story

from enve.app import signedread
from enve.errors import (
    EnveError,
    InputError,
    LeaseError,
    MissingError,
    RefusedError,
)
from enve.model.report import End
from enve_pm.wire import head as heads

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


async def reach(condition: Callable[[], bool]) -> None:
    """Wait until a march has come so far."""
    for _ in iter(condition, True):
        await asyncio.sleep(0.001)


def serial(fleet: SimFleet, node: str, lane: str = "main") -> int:
    return int(heads.parse(fleet.sims[node].lanes[lane].head).serial)


async def run(desk: Desk, fleet: SimFleet, *args: object, **more: object) -> int:
    async with fleet:
        return await desk.march(fleet, *args, **more).run()  # type: ignore[arg-type]


async def refused(
    desk: Desk, fleet: SimFleet, kind: type[EnveError], *args: object, **more: object
) -> EnveError:
    """A march that is stopped before anything is sent."""
    before = {name: dict(sim.lanes) for name, sim in fleet.sims.items()}
    with pytest.raises(kind) as caught:
        await run(desk, fleet, *args, **more)
    assert {name: dict(sim.lanes) for name, sim in fleet.sims.items()} == before
    assert all(not sim.leases for sim in fleet.sims.values())
    return caught.value


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
    assert "is not valid any more" in told.message
    assert told.notes == ()
    await run(alice, nodes, shop, keyholes=(*over, alice.keyhole()))
    assert alice.verdicts == {"n1": "applied"}


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


@story
async def test_out_writes_a_plan_that_another_march_sends(
    alice: Desk, stranger: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    nodes, conf = fleet(2), blob(b"conf")
    big = blob(b"B" * 100_000)
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    lines = [line("web", files={"f": file(conf)}, product=tar)]
    shop = plan({"n1": lines, "n2": lines}, conf, big)
    out = tmp_path / "plan.signed"
    assert await run(alice, nodes, shop, out=out) == 0
    assert [sim.log for sim in nodes.sims.values()] == [["look"]] * 2
    folder = tmp_path / "blobs"
    folder.mkdir()
    content = signedread.read(out, folder)
    again = replace(shop, blobs=content.blobs)
    keyless = replace(stranger, events=[])
    assert await run(keyless, nodes, again, signed=content.plan) == 0
    assert nodes.sims["n1"].log == ["look", "look", "lease", "put", "send"]
    assert nodes.sims["n1"].blobs[big.sha256] == b"B" * 100_000
    assert await run(keyless, nodes, again, signed=content.plan) == 0
    assert keyless.verdicts == {"n1": "unsent", "n2": "unsent"}
    await run(alice, nodes, plan({"n1": [line("db")], "n2": [line("db")]}))
    told = await refused(keyless, nodes, RefusedError, again, signed=content.plan)
    assert "older than what nodes hold" in told.message


@story
async def test_out_is_refused_with_secrets(alice: Desk, fleet: Fleet, tmp_path: Path) -> None:
    nodes = fleet(1)
    shop = plan({"n1": [line("web", env={"P": "hunter2"})]}, secrets=frozenset({"hunter2"}))
    told = await refused(alice, nodes, InputError, shop, out=tmp_path / "x")
    assert "secrets" in told.message
    assert nodes.sims["n1"].log == []


@story
async def test_old_and_new_secrets_are_never_shown(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    for value in ("hunter2", "swordfish"):
        secret = blob(value.encode(), secret=True)
        lines = [line("web", env={"P": value}, files={"pw": file(secret)})]
        shop = plan({"n1": lines}, secret, secrets=frozenset({value}))
        assert await run(alice, nodes, shop, show_diff=True) == 0
        assert "hunter2" not in str(alice.events)
        assert "swordfish" not in str(alice.events)
    assert alice.differences[0].changes[0].detail == "pw (secret), env P"


@story
async def test_an_artifact_travels_only_where_it_lacks(alice: Desk, fleet: Fleet) -> None:
    nodes, big = fleet(2), blob(b"B" * 100_000)
    nodes.sims["n2"].blobs[big.sha256] = b"B" * 100_000
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    shop = plan({name: [line("web", product=tar)] for name in nodes.sims}, big)
    assert await run(alice, nodes, shop) == 0
    assert [sim.log.count("put") for sim in nodes.sims.values()] == [1, 0]


# -- spots that move, and Ctrl-C ------------------------------------------------------------------


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


def _end(desk: Desk) -> End:
    last = desk.events[-1]
    assert isinstance(last, End)
    return last
