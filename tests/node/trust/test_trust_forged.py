"""Streams that must change nothing: forged, stale, replayed, forked, misaddressed, cut, mixed.

Most are judged with an oracle in gpgv's place, which knows the signatures that were really made;
a share of them goes through the real one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Bench, Keys

from enve_pm.core.refusal import CODES, SIGNATURE, Refused
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams

pytestmark = pytest.mark.real
COUNTS = [
    pytest.param(2000, 60, id="commit"),
    pytest.param(100_000, 3000, id="nightly", marks=pytest.mark.nightly),
]

Done = Callable[["Refused | None"], None]


class Oracle:
    """Says what gpgv would, of signatures that were made before."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.known: set[tuple[bytes, bytes, str]] = set()

    def start(self, ring: bytes, sig: bytes, data: bytes, fingerprint: str, done: Done) -> None:
        good = (sig, data, fingerprint) in self.known
        answer = None if good else Refused(SIGNATURE, "the signature is bad")
        self.bench.loop.at(self.bench.system.now(), lambda: done(answer))


class World:
    """A node that holds plan 3 of alice's; bob may march db only; mallory has no keyhole here."""

    def __init__(self, home: Path, keys: Keys) -> None:
        self.keys = keys
        alice = forge.keyhole(keys["alice"])
        bob = forge.keyhole(keys["bob"], "bob", scope=["web1.db"])
        rings = {keys[name]: keys.rings[keys[name]] for name in ("alice", "bob")}
        self.bench = Bench(home, forge.blueprint([alice, bob]), rings)
        self.oracle = Oracle(self.bench)
        self.sigs: dict[tuple[str, bytes], bytes] = {}
        lines = {"web": forge.line("web"), "db": forge.line("db")}
        first = forge.Plan.of(lines)
        second = first.after({**lines, "web": forge.line("web", nice=1)})
        self.held = second.after({**lines, "web": forge.line("web", nice=2)})
        self.old = [first, second]
        for plan in (*self.old, self.held):
            assert self.bench.ask(plan.stream(self.signer("alice"))).verdict == "accepted"

    def signer(self, name: str) -> forge.Sign:
        """Signs for real, once per text, and tells the oracle."""

        def sign(data: bytes) -> bytes:
            if (name, data) not in self.sigs:
                self.sigs[name, data] = self.keys.sign(name)(data)
                self.oracle.known.add((self.sigs[name, data], data, self.keys[name]))
            return self.sigs[name, data]

        return sign

    def next(self, **keys: object) -> forge.Plan:
        """A plan that would be good."""
        return self.held.after({"web": forge.line("web", nice=9), "db": forge.line("db")}, **keys)


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys()
    yield made
    made.home.close()


@pytest.fixture
def world(keys: Keys, tmp_path: Path) -> World:
    return World(tmp_path, keys)


def signed(**keys: object) -> Callable[[World, random.Random], bytes]:
    """A plan that differs in one thing from a good one, by a key that is good."""

    def make(world: World, chance: random.Random) -> bytes:
        node = str(keys.get("to", "web1"))
        who = str(keys.get("by", "alice"))
        rest = {key: value for key, value in keys.items() if key not in ("to", "by")}
        return world.next(**rest).stream(world.signer(who), node=node)

    return make


def replayed(world: World, chance: random.Random) -> bytes:
    return chance.choice(world.old).stream(world.signer("alice"))


def borrowed(world: World, chance: random.Random) -> bytes:
    """A real signature, of another head."""
    sig = world.signer("alice")(heads.signed(world.held.head))
    return world.next(expires=forge.NOW + chance.randrange(90, 10**6)).stream(lambda data: sig)


def made_up(world: World, chance: random.Random) -> bytes:
    sig = bytearray(world.signer("alice")(heads.signed(world.held.head)))
    sig[-chance.randrange(1, 60)] ^= chance.randrange(1, 256)
    return world.next().stream(lambda data: bytes(sig))


def swapped(world: World, chance: random.Random) -> bytes:
    """A good head with the part, delta or proof of another one."""
    good = streams.decode(world.next().stream(world.signer("alice")))
    other = streams.decode(
        chance.choice(world.old).stream(world.signer("alice"), node=chance.choice(["web1", "web2"]))
    )
    taken = chance.choice(["body", "proof"])
    changed = good._replace(**{taken: getattr(other, taken)})
    if changed == good or (taken == "proof" and other.proof == good.proof):
        changed = good._replace(body=other.body)
    return streams.encode(changed)


def flipped(world: World, chance: random.Random) -> bytes:
    """One bit is another one, in what the signature stands for."""
    plan = world.next()
    data = bytearray(plan.stream(world.signer("alice")))
    spared = unsigned(bytes(data), world.signer("alice")(heads.signed(plan.head)))
    places = [place for place in range(len(data)) if place not in spared]
    data[chance.choice(places)] ^= 1 << chance.randrange(8)
    return bytes(data)


def unsigned(stream: bytes, sig: bytes) -> set[int]:
    """Where a version 4 signature holds what it does not cover itself (RFC 4880, 5.2.3): the
    unhashed subpackets, the first two bytes of the hash, and how many bits of a number's first
    byte count. Another bit there forges nothing."""
    start = 8 + int.from_bytes(sig[6:8], "big")
    numbers = start + 2 + int.from_bytes(sig[start : start + 2], "big") + 2
    spared = [*range(start, numbers)]
    while numbers < len(sig):
        spared += [numbers, numbers + 1]
        numbers += 2 + (int.from_bytes(sig[numbers : numbers + 2], "big") + 7) // 8
    begin = stream.index(sig)
    return {begin + place for place in spared}


def shortened(world: World, chance: random.Random) -> bytes:
    data = world.next().stream(world.signer("alice"))
    return data[: chance.randrange(len(data) - 1)]


def mixed(world: World, chance: random.Random) -> bytes:
    """Sections of good streams, in some order."""
    cut = chance.randrange(1, 400)
    one = world.next().stream(world.signer("alice"))
    two = chance.choice(world.old).stream(world.signer("alice"))
    return one[:cut] + two[chance.randrange(len(two)) :]


def garbage(world: World, chance: random.Random) -> bytes:
    return chance.choice([b"", streams.MAGIC]) + os.urandom(chance.randrange(2000))


FORGERS: dict[str, Callable[[World, random.Random], bytes]] = {
    "stranger": signed(by="mallory"),
    "out of scope": signed(by="bob"),
    "another node": signed(to="web2"),
    "another domain": signed(domain="evil.example"),
    "another epoch": signed(epoch=2),
    "another lane": signed(lane="other"),
    "expired": signed(issued=forge.NOW - 100, expires=forge.NOW),
    "from tomorrow": signed(issued=forge.NOW + 2 * forge.DAY),
    "forked": signed(bases=((3, "ab" * 32),)),
    "without bases": signed(bases=()),
    "same serial": signed(serial=3, bases=()),
    "older serial": signed(serial=2, bases=()),
    "too far": signed(serial=3 + 65_537),
    "replayed": replayed,
    "borrowed": borrowed,
    "made up": made_up,
    "swapped": swapped,
    "flipped": flipped,
    "shortened": shortened,
    "mixed": mixed,
    "garbage": garbage,
}


@pytest.mark.parametrize("name", FORGERS)
def test_each_kind_by_the_real_gpgv(name: str, world: World) -> None:
    chance = random.Random(name)
    before = world.bench.state()
    for _ in range(2):
        ack = world.bench.ask(FORGERS[name](world, chance))
        assert (ack.final, ack.verdict) in ((True, "rejected"), (True, "need-full")), ack
        assert ack.code in CODES
    assert world.bench.state() == before
    assert len(world.bench.applied) == 3


@pytest.mark.parametrize(("count", "real"), COUNTS)
def test_a_campaign(count: int, real: int, world: World) -> None:
    """0 changes of state, and the good plan is still taken afterwards."""
    bench, chance = world.bench, random.Random(count)
    room = bench.acceptor._room
    before, kinds = bench.state(), list(FORGERS)
    for number in range(count):
        judge = room.verifier if number < real else world.oracle
        bench.acceptor._room = room._replace(verifier=judge)
        ack = bench.ask(FORGERS[kinds[number % len(kinds)]](world, chance))
        assert ack.verdict in ("rejected", "need-full"), ack
    assert bench.state() == before
    assert len(bench.applied) == 3
    bench.acceptor._room = room
    assert bench.ask(world.next().stream(world.signer("alice"))).verdict == "accepted"


def test_two_signers_of_whom_the_node_knows_one(world: World) -> None:
    stream = world.next().stream(world.signer("mallory"), world.signer("alice"))
    assert world.bench.ask(stream).verdict == "accepted"


def test_a_bad_signature_beside_a_good_one_is_refused(world: World) -> None:
    bad = world.signer("bob")(b"something else")
    stream = world.next().stream(world.signer("alice"), lambda data: bad)
    assert world.bench.ask(stream).code == "signature"


def test_a_key_that_the_blueprint_no_longer_names(world: World) -> None:
    keyhole = forge.keyhole(world.keys["bob"], "bob")
    world.bench.lay(forge.blueprint([keyhole]), {})
    assert world.bench.ask(world.next().stream(world.signer("alice"))).code == "keyhole"
    assert world.bench.ask(world.next().stream(world.signer("bob"))).verdict == "accepted"


def test_a_ring_of_another_key_under_a_known_name(world: World) -> None:
    mallory = world.keys.rings[world.keys["mallory"]]
    world.bench.lay(
        forge.blueprint([forge.keyhole(world.keys["alice"])]), {world.keys["alice"]: mallory}
    )
    assert world.bench.ask(world.next().stream(world.signer("mallory"))).code == "keyhole"


def test_without_a_blueprint_nobody_marches(world: World) -> None:
    path = world.bench.home / "trust" / "blueprint.json"
    path.write_bytes(b"{")
    assert "broken" in world.bench.ask(world.next().stream(world.signer("alice"))).reason
    path.unlink()
    assert world.bench.ask(world.next().stream(world.signer("alice"))).code == "keyhole"


def test_a_damaged_trust_state_accepts_nothing(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    (world.bench.home / "trust" / "state.json").write_bytes(b"{}")
    world.bench.boot()
    assert world.bench.ask(world.next().stream(world.signer("alice"))).code == "storage"
    assert "cannot be read" in capfd.readouterr().err
