"""Orders by hand: which commands go to which nodes, and what their answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.support import cases
from tests.support.fakehost import FakeFleet, node

from enve.app.collect import Collector
from enve.app.control import Control
from enve.core.order import Order
from enve.core.selection import select_units
from enve.errors import Unreachable
from enve.host.base import Completed
from enve.model.report import Event, Result
from enve.model.site import Domain

LOOK = cases.parts(cases.ROOT / "listings/fleet.txt")["look web02"].encode()
DONE = Completed(0, b"", b"")


def pm(answer: Completed, look: bytes = LOOK) -> Callable[[str], Completed]:
    """A node that answers looks, and everything else with `answer`."""
    return lambda command: Completed(0, look, b"") if "look" in command else answer


def give(fleet: FakeFleet, order: Order, *patterns: str) -> list[Result]:
    nodes = {name: node(name) for name in fleet.answers}
    meant = select_units(Domain("d", nodes, {}), patterns)
    told: list[Event] = []
    collector = Collector(fleet, lambda: 0, forks=4, deadline=60)
    control = Control(order, meant, collector, told.append)

    async def story() -> None:
        async with fleet:
            await control.run(meant.nodes)

    asyncio.run(story())
    return sorted(control.results, key=lambda result: result.address)


def summary(results: list[Result]) -> list[tuple[str, str, str]]:
    return [(result.address, result.outcome, result.detail) for result in results]


def test_names_without_wildcards_need_no_look() -> None:
    fleet = FakeFleet({"web1": pm(DONE), "web2": pm(DONE)})
    results = give(fleet, Order("restart"), "web*.edge", "web1.a.[b c]")
    assert summary(results) == [
        ("web1.a.[b c]", "changed", "done"),
        ("web1.edge", "changed", "done"),
        ("web2.edge", "changed", "done"),
    ]
    home = '"${XDG_STATE_HOME:-$HOME/.local/state}"/pm/pm'
    assert sorted(fleet.commands) == [
        ("web1", f"exec {home} restart 'a.[b c]'", False),
        ("web1", f"exec {home} restart edge", False),
        ("web2", f"exec {home} restart edge", False),
    ]


def test_a_unit_without_an_answer_takes_none_from_the_others() -> None:
    def answer(command: str) -> Completed:
        if command.endswith("cat lost"):
            raise Unreachable("web1: connection lost", kind="lost")
        return Completed(0, b"parameters", b"")

    results = give(FakeFleet({"web1": answer}), Order("cat"), "web1.edge", "web1.lost", "web1.db")
    assert [(one.address, one.outcome) for one in results] == [
        ("web1.db", "unchanged"),
        ("web1.edge", "unchanged"),
        ("web1.lost", "unreachable"),
    ]


def test_wildcards_are_looked_up_and_go_in_one_command() -> None:
    fleet = FakeFleet({"web1": pm(DONE)})
    results = give(fleet, Order("stop", ("--with-dependents",)), "web1.*")
    assert [result.address for result in results] == ["web1.edge", "web1.old"]
    assert fleet.commands[1][1].endswith("/pm stop --with-dependents edge old")
    assert len(fleet.commands) == 2


@pytest.mark.parametrize(
    ("status", "stderr", "told"),
    [
        (3, b"edge: FAIL exit:1\n", {"edge": "edge: FAIL exit:1", "old": "done"}),
        (3, b"edge: FAIL\nold: FAIL x\n", {"edge": "edge: FAIL", "old": "old: FAIL x"}),
        (3, b"pm: pm is not running\n", {"edge": "pm is not running", "old": "pm is not running"}),
        (5, b"needed by old: stop\n", dict.fromkeys(("edge", "old"), "needed by old: stop")),
        (
            64,
            b"no unit is called old\n",
            {"edge": "left alone, as no unit is called old", "old": "no unit is called old"},
        ),
    ],
)
def test_a_failed_command_for_several_is_told_apart(
    status: int, stderr: bytes, told: dict[str, str]
) -> None:
    fleet = FakeFleet({"web1": pm(Completed(status, b"", stderr))})
    results = give(fleet, Order("stop"), "web1.edge", "web1.old")
    assert {result.address[5:]: result.detail for result in results} == told
    assert len(fleet.commands) == 1


def test_units_of_different_pms_go_in_commands_of_their_own() -> None:
    fleet = FakeFleet({"web1": pm(Completed(3, b"", b"edge: FAIL\n"))})
    give(fleet, Order("stop"), "web1.edge", "web1.a.edge", "web1.b", "web1.a.[x y]")
    assert [command.rpartition("/pm ")[2] for _, command, _ in fleet.commands] == [
        "stop edge b",
        "stop a.edge 'a.[x y]'",
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (3, "failed", 3),
        (5, "refused", 5),
        (64, "failed", 64),
        (124, "deadline", 124),
        (126, "failed", 3),
        (127, "failed", 3),
        (-9, "failed", 3),
        (1, "failed", 3),
    ],
)
def test_answers(status: int, outcome: str, code: int) -> None:
    fleet = FakeFleet({"web1": pm(Completed(status, b"", b"pm: said\x1b why\n"))})
    (result,) = give(fleet, Order("start"), "web1.edge")
    assert result.outcome == outcome
    assert result.problem is not None
    assert result.problem.code == code
    assert result.detail == ("pm is not installed" if status in (126, 127) else "said\\e why")


def test_texts_are_asked_for_one_by_one() -> None:
    fleet = FakeFleet({"web1": pm(Completed(0, b"line\n", b""))})
    results = give(fleet, Order("logs", (), ("-n", "5")), "web1.a", "web1.b")
    assert [result.output for result in results] == ["line\n", "line\n"]
    assert sorted(command for _, command, _ in fleet.commands)[0].endswith("/pm logs a -n 5")


def test_a_property_is_set_one_by_one() -> None:
    fleet = FakeFleet({"web1": pm(DONE)})
    give(fleet, Order("set-property", (), ("env=a b",)), "web1.*")
    assert fleet.commands[1][1].endswith("/pm set-property edge 'env=a b'")
    assert len(fleet.commands) == 3


def test_what_ends_a_node_counts_for_all_of_its_units() -> None:
    gone = Unreachable("web2 (h:22): connection refused", kind="refused")
    fleet = FakeFleet({"web1": pm(DONE), "web2": gone})
    results = give(fleet, Order("start"), "*.edge", "*.db")
    assert [(result.address, result.outcome) for result in results] == [
        ("web1.db", "changed"),
        ("web1.edge", "changed"),
        ("web2.db", "unreachable"),
        ("web2.edge", "unreachable"),
    ]
    (whole,) = give(FakeFleet({"web2": gone}), Order("start"), "web2.e*")
    assert (whole.address, whole.outcome) == ("web2", "unreachable")


def test_no_pm_to_look_at() -> None:
    fleet = FakeFleet({"web1": Completed(0, b"== absent\n", b"")})
    (result,) = give(fleet, Order("start"), "web1.*")
    assert summary([result]) == [("web1", "failed", "pm is not installed")]


def test_a_bug_met_by_one_node_is_its_own() -> None:
    fleet = FakeFleet({"web1": pm(DONE), "web2": ValueError("x")})
    results = give(fleet, Order("start"), "*.edge")
    assert [result.outcome for result in results] == ["changed", "unexpected"]


def test_many_units_are_given_in_pieces() -> None:
    fleet = FakeFleet({"web1": pm(DONE)})
    patterns = [f"web1.u{number}" for number in range(450)]
    assert len(give(fleet, Order("start"), *patterns)) == 450
    assert len(fleet.commands) == 3


def test_what_can_not_be_checked_takes_none_from_the_others() -> None:
    def answer(command: str) -> Completed:
        if "look" in command:
            return Completed(0, LOOK, b"")
        if command.endswith(" edge"):
            return Completed(64, b"", b"wanted a resource, found a process without health\n")
        return Completed(3, b"", b"db: RUNNING exit:1\n") if command.endswith(" db") else DONE

    def told(*patterns: str) -> dict[str, str]:
        results = give(FakeFleet({"web02": answer}), Order("recheck"), *patterns)
        return {one.address: one.outcome for one in results}

    assert told("web02.edge", "web02.db", "web02.x") == {
        "web02.db": "failed",
        "web02.edge": "failed",
        "web02.x": "changed",
    }
    found = told("web02.**")
    assert found["web02.edge"] == "skipped"
    assert set(found.values()) == {"skipped", "changed"}
