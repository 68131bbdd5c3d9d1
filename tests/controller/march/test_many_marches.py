"""Many marches by two people over troubled nodes: nothing is ever mixed, and in the end the plan
stands everywhere. Signatures are stand-ins here, so that there can be many."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.controller.march.desk import NOW, line, plan
from tests.controller.march.simnode import SimFleet, SimNode

from enve.app.history import History
from enve.app.march import March
from enve.app.orders import Orders
from enve.errors import EnveError, LeaseError
from enve.model.blueprint import Keyhole
from enve.model.plan import RenderedPlan
from enve.model.report import Event, Result
from enve.model.trust import Key
from enve.trust import gpgv
from enve_pm.wire import head as heads

FINGERPRINTS = {"alice": "A" * 40, "bob": "B" * 40}
NAMES = ("n1", "n2", "n3")
TROUBLES = (
    "",
    "",
    "",
    "unreachable",
    "dead",
    "swallow",
    "silent",
    "drop",
    "busy",
    "forget",
    "fail",
)


@dataclass
class StandIn:
    """A signer whose signatures are hashes."""

    key: Key

    def sign(self, data: bytes) -> bytes:
        return _seal(self.key.fingerprint, data)


def _seal(fingerprint: str, data: bytes) -> bytes:
    return hashlib.sha256(fingerprint.encode() + data).digest()


def _check(data: bytes, signature: bytes, ring: bytes, *, past: bool = False) -> str:
    for fingerprint in FINGERPRINTS.values():
        if fingerprint.encode() in ring and signature == _seal(fingerprint, data):
            return fingerprint
    raise gpgv.BadSignature("BADSIG")


@pytest.fixture(autouse=True, scope="module")
def stand_ins() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpgv, "check", _check)
        patch.setattr("enve.app.follow.PAUSE", 0.0001)
        yield


def keyhole(name: str) -> Keyhole:
    ring = FINGERPRINTS[name].encode()
    return Keyhole(name, FINGERPRINTS[name], ring, ("march",), ("main",), ("**",))


def nodes() -> SimFleet:
    holes = (keyhole("alice"), keyhole("bob"))
    return SimFleet(*(SimNode(name, ("web", "db"), holes, lambda: NOW) for name in NAMES))


def trouble(sim: SimNode, kind: str) -> None:
    """This, and no other trouble."""
    sim.unreachable = "timed out" if kind == "unreachable" else ""
    sim.alive = kind != "dead"
    sim.swallow, sim.silent, sim.forget = kind == "swallow", kind == "silent", kind == "forget"
    sim.drop_after_send = 1 if kind == "drop" else 0
    sim.busy = 2 if kind == "busy" else 0
    sim.fails = {"web": "exit:1"} if kind == "fail" else {}


STEP = st.tuples(
    st.sampled_from(("alice", "bob")),
    st.integers(0, 3),  # which plan
    st.sets(st.sampled_from(NAMES), min_size=1),  # --limit
    st.tuples(*[st.sampled_from(TROUBLES)] * len(NAMES)),
)


def wanted(number: int, among: set[str]) -> RenderedPlan:
    each = {
        name: [line("web", nice=number % 2), *([line("db")] if number > 1 else [])]
        for name in NAMES
        if name in among
    }
    return plan(each)


@settings(deadline=None, max_examples=40)
@given(st.lists(STEP, max_size=8))
def test_whatever_happens_the_plan_stands_in_the_end(
    steps: list[tuple[str, int, set[str], tuple[str, ...]]],
) -> None:
    fleet = nodes()
    with tempfile.TemporaryDirectory() as folder:
        for who, number, among, kinds in steps:
            for sim, kind in zip(fleet.sims.values(), kinds, strict=True):
                trouble(sim, kind)
            before = serials(fleet)
            march(fleet, who, wanted(number, among), among, Path(folder))
            for name, serial in serials(fleet).items():
                assert serial >= before[name]
                assert serial == before[name] or name in among
            assert not any(sim.leases for sim in fleet.sims.values())
        for sim in fleet.sims.values():
            trouble(sim, "")
        last = wanted(3, {*NAMES})
        settle(fleet, last, Path(folder))
        for name, sim in fleet.sims.items():
            assert sim.lanes["main"].part.lines == last.nodes[name].lines


def serials(fleet: SimFleet) -> dict[str, int]:
    return {
        name: heads.parse(sim.lanes["main"].head).serial if sim.lanes else 0
        for name, sim in fleet.sims.items()
    }


def settle(fleet: SimFleet, last: RenderedPlan, folder: Path) -> None:
    """March until it stands; a fork (people who reached no common node) is joined as told."""
    force = ""
    for _ in range(6):
        told = march(fleet, "alice", last, {*NAMES}, folder, force=force)
        if not isinstance(told, LeaseError):
            assert isinstance(told, int), told
            assert told == 0
            return
        force = told.hint.split()[-1]
    raise AssertionError("the fork was not joined")


def march(
    fleet: SimFleet,
    who: str,
    what: RenderedPlan,
    among: set[str],
    folder: Path,
    *,
    force: str = "",
) -> int | EnveError:
    """One march; its exit code, or why it was stopped."""
    sites = tuple(sim.site for name, sim in fleet.sims.items() if name in among)
    holes = {name: sim.keyholes for name, sim in fleet.sims.items()}
    events: list[Event] = []
    story = March(
        Orders(what, sites, holes, yes=True, who=who, force_base=force),
        fleet,
        History(folder / who),
        lambda: StandIn(Key(FINGERPRINTS[who], (who,), "none", 0, secret=True)),
        None,
        lambda: NOW,
        events.append,
    )

    async def run() -> int | EnveError:
        try:
            async with fleet, asyncio.timeout(30):
                return await story.run()
        except EnveError as error:
            return error

    told = asyncio.run(run())
    if isinstance(told, int):
        results = [event.node for event in events if isinstance(event, Result)]
        assert sorted(results) == sorted(among), "one last word for each node"
    return told
