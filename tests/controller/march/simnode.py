"""A node in memory that speaks the writer's verbs, for marches without processes.

It judges with the node's own code (frames, streams, `policy.judge`) and keeps what it accepts;
only running units is left out: what a unit comes to is set by the test.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType

from enve.errors import Unreachable
from enve.host.base import Completed
from enve.host.options import file_pieces
from enve.model.blueprint import Keyhole
from enve.model.site import Connection, Node
from enve.trust import gpgv
from enve_pm.core import policy
from enve_pm.core.address import Pattern
from enve_pm.core.blueprint import LOG, STOP, Blueprint, Ceiling, Pm
from enve_pm.core.blueprint import Keyhole as NodeKeyhole
from enve_pm.core.part import Part
from enve_pm.wire import frame, merkle, record
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams

SPOT = Ceiling("", (), (), (), (), {}, ("process", "resource"), (), LOG, STOP)
STAT = b"42 (python3) S " + b" ".join(b"%d" % n for n in range(4, 22)) + b" 777 0 0"


@dataclass
class Held:
    """What is held of one lane."""

    head: bytes
    sigs: tuple[bytes, ...]
    proof: heads.Proof
    part: Part


@dataclass
class SimNode:
    """One node. The flags from `alive` on are the trouble that a test wants."""

    name: str
    spots: tuple[str, ...]
    keyholes: tuple[Keyhole, ...]
    clock: Callable[[], int]
    domain: str = "shop.example"
    lanes: dict[str, Held] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manual: set[str] = field(default_factory=set)
    floors: dict[str, int] = field(default_factory=dict)
    acks: dict[tuple[str, str], bytes] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)  # what came: part, delta, same
    log: list[str] = field(default_factory=list)  # verbs

    alive: bool = True
    installed: bool = True
    unreachable: str = ""
    forget: bool = False  # answers need-full to every delta
    busy: int = 0  # so many times
    swallow: bool = False  # the stream never arrives, and no answer comes
    silent: bool = False  # takes the stream, never acks
    drop_after_send: int = 0  # so many connections are lost once the stream is in
    writer: Completed | None = None  # what its writer says instead of sending
    put_status: int = 0
    fails: dict[str, str] = field(default_factory=dict)  # spot -> result
    gate: asyncio.Event | None = None  # acks only once it is set
    lease_gate: asyncio.Event | None = None  # the lease is granted only once it is set
    babbles: bool = False  # what it shows with its lease never ends
    at_lease: Callable[[], None] | None = None
    building: str = ""  # a stage that is at work
    slow: int = 0  # deadlines that pass before the last word
    at_ack: Callable[[], None] | None = None

    @property
    def site(self) -> Node:
        return Node(self.name, Connection(host=self.name))

    def look(self) -> bytes:
        if not self.installed:
            return b"== absent\n"
        status = {"v": 1, "pid": 42, "start": 777, "boot": "b", "version": "1", "hash": ""}
        rows = [("uname", b"Linux"), ("now", b"%d" % self.clock()), ("boot", b"b")]
        rows += [("pm", STAT if self.alive else b"-")]
        rows += [("status", json.dumps({**status, "wall": 1, "units": self._units()}).encode())]
        rows += [("held", self._held().rstrip(b"\n"))]
        return b"".join(b"== %s\n%s\n" % (name.encode(), line) for name, line in rows)

    def _held(self) -> bytes:
        lanes = {}
        for name, held in self.lanes.items():
            path = [step.hex() for step in held.proof.path]
            serial = heads.parse(held.head).serial
            lanes[name] = record.Lane(
                *(held.head, held.sigs, held.part.header, held.part.leaf().hex()),
                *({"index": held.proof.index, "path": path}, held.part.hashes, serial, serial),
                tuple(self.manual & {*held.part.lines}),
                (),
            )
        return record.encode_held(record.Held((1, 1), self.name, lanes, frozenset(self.blobs)))

    def _units(self) -> dict[str, dict[str, object]]:
        since = (self.clock() - 90) * 1000
        bad = {name: {"state": "FAIL", "want": "up", "result": r} for name, r in self.fails.items()}
        made = {self.building: {"state": "STARTING", "since": since}} if self.building else {}
        return {
            **made,
            **{name: {**one, "since": since} for name, one in bad.items() if one["result"]},
        }

    def unfinished(self, ack: bytes) -> bytes:
        """The answer while a stage is at work."""
        self.slow -= 1
        spots = {f"[{self.building}]": {"state": "STARTING", "result": "ok"}}
        told = record.parse_ack(ack)._replace(final=False, verdict="accepted", spots=spots)
        return record.encode_ack(told)

    def take(self, frames: bytes) -> tuple[str, str, bytes]:
        """Judge a stream: its name, its nonce, and the ack."""
        [whole] = frame.Assembler().feed(frames, 0)
        stream = streams.decode(whole.data)
        self.kinds.append(stream.kind)
        verdict, code, reason, serial = self._judge(stream)
        spots = {}
        lane = heads.parse(stream.head).lane
        if verdict in ("applied", "duplicate") and lane in self.lanes:
            for name in self.lanes[lane].part.lines:
                bad = self.fails.get(name, "")
                spots[name] = {"state": "FAIL" if bad else "RUNNING", "result": bad}
            if verdict == "applied" and any(self.fails.get(name) for name in spots):
                verdict = "failed"
        nonce = whole.nonce.hex()
        ack = record.Ack(True, nonce, verdict, code, reason, serial, lane, spots)
        return whole.sha, nonce, record.encode_ack(ack)

    def _judge(self, stream: streams.Stream) -> tuple[str, str, str, int]:
        head = heads.parse(stream.head)
        if self.busy:
            self.busy -= 1
            return "busy", "", "", 0
        if self.forget and stream.kind != "part":
            return "need-full", "", "forgotten", 0
        lanes = {
            name: policy.Lane(heads.parse(one.head).serial, heads.name(one.head), one.part)
            for name, one in self.lanes.items()
        }
        proof = heads.parse_proof(stream.proof)

        def proves(leaf: bytes) -> bool:
            root = bytes.fromhex(head.root)
            return merkle.verify(leaf, proof.index, head.n, proof.path, root)

        offer = policy.Offer(
            *(head, heads.name(stream.head), stream.kind, stream.body, proves),
            self._signers(stream),
        )
        now = self.clock()
        node = policy.Node(self._blueprint(), lanes, self.floors, "/home")
        told = policy.judge(node, offer, policy.Clock(now, now - 1000, now - 1000))
        if told.kind != policy.ACCEPTED:
            return told.kind, told.code, told.reason, head.serial
        fresh = {hashlib.sha256(data).hexdigest(): data for data in stream.blobs}
        wanted = {file["sha256"] for spec in told.specs.values() for file in spec.files.values()}
        wanted |= {spec.product["sha256"] for spec in told.specs.values() if spec.product}
        if wanted - {*fresh} - {*self.blobs}:
            return "rejected", "blob", "missing", head.serial
        self.blobs.update(fresh)
        self.lanes[head.lane] = Held(stream.head, stream.sigs, proof, told.part)
        self.manual.clear()
        return "applied", "", "", head.serial

    def _signers(self, stream: streams.Stream) -> list[str]:
        ring = b"".join(hole.public_key for hole in self.keyholes)
        found = []
        for signature in stream.sigs:
            try:
                found.append(gpgv.check(heads.signed(stream.head), signature, ring))
            except gpgv.BadSignature:
                continue
        return found

    def _blueprint(self) -> Blueprint:
        holes = tuple(
            NodeKeyhole(
                *(one.fingerprint, one.name, one.may, one.lanes),
                *(tuple(Pattern.parse(text) for text in one.scope), one.since, one.until),
            )
            for one in self.keyholes
        )
        tree = Pm("", "", dict.fromkeys(self.spots, SPOT), {})
        return Blueprint(self.domain, self.name, 1, holes, 1, tree, {})


WHY = re.compile(r"pm why .* -o json$")
VERB = re.compile(r"(look|lease|send|put|ack)(?: (.*))?$")


class SimHost:
    """A connection to a SimNode."""

    def __init__(self, sim: SimNode, fleet: SimFleet) -> None:
        self.node = sim.site
        self._sim = sim
        self._fleet = fleet
        self._lost = False

    async def run(
        self, command: str, *, stdin: bytes | memoryview = b"", deadline: float, become: bool = True
    ) -> Completed:
        async with asyncio.timeout(deadline):
            return await self._run(command, bytes(stdin))

    async def _run(self, command: str, stdin: bytes) -> Completed:
        await asyncio.sleep(0)
        if self._lost:
            raise Unreachable(f"{self.node.name}: connection lost", kind="lost")
        sim = self._sim
        if "absent" in command:
            sim.log.append("look")
            return Completed(0, sim.look(), b"")
        if WHY.search(command):
            return Completed(1, b"", b"")  # it tells nobody
        found = VERB.search(command)
        assert found, command
        verb, words = found[1], (found[2] or "").split()
        sim.log.append(verb)
        if verb == "put" and sim.put_status:
            return Completed(sim.put_status, b"", b"march: the inbox is full\n")
        if verb == "put":
            digest = hashlib.sha256(stdin).hexdigest()
            assert words == [digest, str(len(stdin))]
            sim.blobs[digest] = stdin
            return Completed(0, b"", b"")
        if verb == "send":
            return await self._send(words, stdin)
        return self._ack(words)

    async def _send(self, words: list[str], stdin: bytes) -> Completed:
        sim = self._sim
        if sim.writer is not None:
            return sim.writer
        if sim.swallow:
            return Completed(124, b"", b"")
        if sim.gate is not None:
            await sim.gate.wait()
        sha, nonce, ack = sim.take(stdin)
        assert words[:2] == [sha, nonce]
        if sim.silent:
            return Completed(124, b"", b"")
        sim.acks[sha, nonce] = ack
        if sim.slow:
            return Completed(124, sim.unfinished(ack), b"")
        if sim.drop_after_send:
            sim.drop_after_send -= 1
            self._lost = True
            raise Unreachable(f"{self.node.name}: connection lost", kind="lost")
        return Completed(0, ack, b"")

    def _ack(self, words: list[str]) -> Completed:
        ack = self._sim.acks.get((words[0], words[1]))
        if self._sim.at_ack:
            self._sim.at_ack()
        if ack and self._sim.slow:
            return Completed(124, self._sim.unfinished(ack), b"")
        return Completed(124 if ack is None else 0, ack or b"", b"")

    async def put(self, command: str, path: str, *, deadline: float) -> Completed:
        return await self.run(command, stdin=b"".join(file_pieces(path)), deadline=deadline)

    async def open(self, command: str, *, deadline: float, become: bool = True) -> SimSession:
        found = re.search(r"lease (\S+) (\S+)$", command)
        assert found, command
        self._sim.log.append("lease")
        return SimSession(self._sim, found[1].strip("'"), found[2].strip("'"))

    async def close(self) -> None:
        self._fleet.open -= 1


class SimSession:
    """A lease that is asked for, and held until closed."""

    def __init__(self, sim: SimNode, lane: str, who: str) -> None:
        self._sim, self._lane, self._who = sim, lane, who

    async def lines(self) -> AsyncIterator[bytes]:
        if self._sim.at_lease:
            self._sim.at_lease()
        if self._sim.lease_gate:
            await self._sim.lease_gate.wait()
        holder = self._sim.leases.setdefault(self._lane, self._who)
        if holder != self._who:
            yield f"lease held {holder}".encode()
            return
        yield b"lease ok"
        while self._sim.babbles:
            await asyncio.sleep(0)
            yield b"x" * (1 << 20)
        for line in self._sim.look().splitlines():
            yield line
        yield b"== end"

    async def close(self) -> None:
        if self._sim.leases.get(self._lane) == self._who:
            del self._sim.leases[self._lane]


class SimFleet:
    """A Connect over some SimNodes."""

    def __init__(self, *sims: SimNode) -> None:
        self.sims = {sim.name: sim for sim in sims}
        self.open = 0
        self.connections = 0

    async def __call__(self, node: Node, *, deadline: float) -> SimHost:
        await asyncio.sleep(0)
        sim = self.sims[node.name]
        if sim.unreachable:
            raise Unreachable(f"{node.name}: {sim.unreachable}", kind="timeout")
        self.open += 1
        self.connections += 1
        return SimHost(sim, self)

    async def __aenter__(self) -> SimFleet:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.open == 0, "connections are left open"
