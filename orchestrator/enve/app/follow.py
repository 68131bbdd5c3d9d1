"""Bring one node its stream, and follow what it says until its last word or the deadline.

Whatever happens, the node ends with an Answer that claims no more than is known: a stream that
may have arrived is `unknown` until an ack of this very attempt says otherwise.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from enve.app.stagewatch import StageWatch
from enve.app.visit import Visit
from enve.core import answer as answers
from enve.core import nodepaths
from enve.core.printable import complaint
from enve.core.streams import Packed, Packer
from enve.errors import EnveError, InputError, Unreachable
from enve.host.base import Completed, Host
from enve.model.march import Answer
from enve.model.plan import Blob
from enve.model.report import Emit, Step
from enve.model.site import Node
from enve_pm.core.refusal import FormatError
from enve_pm.wire import frame

GRACE = 15.0  # seconds that ssh may take on top of the node's own deadline
TRIES = 6  # while the pipe is busy
PAUSE = 0.2  # seconds, doubled for each try
LAST_ASK = 3.0  # seconds for the state after Ctrl-C
ASKED = 2  # units of a node whose last lines are asked for

DOWN = "its pm does not run"

Reconnect = Callable[[Node], Awaitable[Host]]
Failure = tuple[str, str]  # a unit, and what became of it


@dataclass(frozen=True, slots=True)
class Manner:
    """How a whole march follows its nodes. `patient`: a stage at work is waited for beyond the
    deadline; `waits`: called once that begins; `known`: the last lines of what failed."""

    deadline: float
    reconnect: Reconnect
    emit: Emit
    patient: bool = False
    waits: Callable[[], Awaitable[None]] | None = None
    known: dict[Failure, asyncio.Task[tuple[str, ...]]] = field(default_factory=dict)


class Delivery:
    """One node's delivery. `answer` is at any moment what is known."""

    def __init__(self, visit: Visit, packer: Packer, watch: StageWatch, manner: Manner) -> None:
        self.visit = visit
        self.answer = Answer("pending", False, reason="interrupted")
        self._packer = packer
        self._manner = manner
        self._watch = watch
        self._march = nodepaths.of(visit.node).march
        self._end = 0.0
        self._attempt: tuple[str, str] | None = None  # sha, nonce: sent, or perhaps sent

    async def run(self) -> Answer:
        """Deliver; every error becomes an answer."""
        self._end = time.monotonic() + self._manner.deadline
        try:
            self.answer = await self._deliver()
        except Unreachable as error:
            self.answer = self._unfinished(error.message)
        except TimeoutError:
            self.answer = self._late()
        except EnveError as error:
            place = f"{error.where}: " if error.where else ""
            self.answer = Answer("failed", True, reason=f"{place}{error.message}")
        except Exception as error:  # a bug that one node met must not stop the others
            self.answer = self._unfinished(f"unexpected: {type(error).__name__}: {error}")
        if self.answer.word in ("failed", "duplicate"):
            self.answer = await self._explained(self.answer)
        return self.answer

    async def _explained(self, answer: Answer) -> Answer:
        """With what has been printed by those that failed, here or where they failed alike."""
        failed = answers.troubled(answer)
        met = [name for name in self._watch.names if name in failed][:ASKED]
        said = {name: await self._printed(name, failed[name]) for name in met}
        return replace(answer, said={name: lines for name, lines in said.items() if lines})

    async def _printed(self, unit: str, why: str) -> tuple[str, ...]:
        """One node of many is asked, so that all can be told of at once."""
        known = self._manner.known
        if (unit, why) not in known:
            known[unit, why] = asyncio.create_task(self._watch.said(unit))
        return await asyncio.shield(known[unit, why])

    async def _deliver(self) -> Answer:
        """Delta first, the whole part when the node asks for it, again while it is busy."""
        held = self.visit.claim.hashes if self.visit.claim else None
        full, tries = held is None, 0
        while True:
            packed = self._pack(full)
            self._step("send", packed.kind)
            await self._put(packed)
            found = await self._send(packed)
            if found.word in ("need-full", "busy"):
                self._attempt = None  # answered: nothing of it is under way
            if found.word == "need-full" and not full:
                full = True
            elif found.word == "busy" and tries < TRIES and self._left() > 1:
                await asyncio.sleep(min(PAUSE * 2**tries, self._left()))
                tries += 1
            else:
                return found

    def _pack(self, full: bool) -> Packed:
        look = self.visit.look
        return self._packer.pack(
            self.visit.name, None if full else self.visit.hashes, look.blobs if look else ()
        )

    async def _put(self, packed: Packed) -> None:
        """Lay what does not fit into the stream into the node's inbox."""
        for blob in packed.puts:
            self._step("put", blob.sha256[:12])
            command = f"exec {self._march} put {blob.sha256} {blob.size}"
            done = await self._with_input(command, blob)
            if done.status != 0:
                raise InputError(f"its inbox took no {blob.size} bytes: {complaint(done.stderr)}")

    async def _with_input(self, command: str, blob: Blob) -> Completed:
        if blob.data is not None or self.visit.host is None:
            return await self.visit.run(command, stdin=blob.data or b"", deadline=self._left())
        return await self.visit.host.put(command, str(blob.path), deadline=self._left())

    async def _send(self, packed: Packed) -> Answer:
        nonce, sha = secrets.token_bytes(8), hashlib.sha256(packed.data).hexdigest()
        frames = frame.encode(packed.data, nonce)
        self._attempt = (sha, nonce.hex())
        self.answer = Answer("unknown", False)
        self._step("wait")
        async with self._watch.told():
            return await self._to_the_end(await self._asked("send", frames))

    async def _to_the_end(self, found: Answer) -> Answer:
        """Wait on for stages that are at work: pm ends each that takes longer than it may."""
        while found.word == "accepted" and self._manner.patient and await self._watch.at_work():
            self.answer = found
            if self._manner.waits is not None:
                await self._manner.waits()
            self._end = time.monotonic() + self._manner.deadline
            found = await self._asked("ack", b"")
        return found

    async def _asked(self, verb: str, stdin: bytes) -> Answer:
        """What the writer says until the deadline, also over a connection that breaks once."""
        try:
            return await self._follow(verb, stdin, self._left())
        except Unreachable as error:
            return await self._once_more(error)

    async def _follow(self, verb: str, stdin: bytes, seconds: float) -> Answer:
        """Run a verb of the writer that prints acks, and take the last one of our attempt."""
        sha, nonce = self._attempt or ("", "")
        command = f"exec {self._march} {verb} {sha} {nonce} {max(1, int(seconds))}"
        done = await self.visit.run(command, stdin=stdin, deadline=seconds + GRACE)
        found = last_answer(done.stdout, nonce)
        if found is not None:
            return found
        return self._silent(done.status, done.stdout + done.stderr)

    def _silent(self, status: int, said: bytes) -> Answer:
        """The writer ended without an ack."""
        if status == 3:
            missing = b"pipe missing" in said
            return Answer("failed", True, reason="its pipe is missing" if missing else DOWN)
        if status == 5:
            return Answer("rejected", True, code="rights", reason=complaint(said))
        if status in (64, 69):  # it says no before it writes anything
            return Answer("failed", True, reason=complaint(said))
        if status == 124:
            return self._unfinished("no answer within the deadline")
        return self._unfinished(f"its writer ended with {status}: {complaint(said)}")

    async def _once_more(self, error: Unreachable) -> Answer:
        """The connection went: ask over a new one what became of the stream."""
        self._step("reconnect")
        try:
            self.visit.host = await self._manner.reconnect(self.visit.node)
            found = await self._follow("ack", b"", max(1.0, self._left()))
        except (EnveError, TimeoutError):
            return self._unfinished(error.message)
        return found if found.word != "unknown" else self._unfinished(error.message)

    async def last_ask(self) -> Answer:
        """After an interruption: what the node says now, asked for once and briefly."""
        if self._attempt is not None and not self.answer.final:
            try:
                async with asyncio.timeout(LAST_ASK):
                    self.answer = await self._follow("ack", b"", 1)
            except (EnveError, TimeoutError):
                pass
        return self.answer

    def _unfinished(self, why: str) -> Answer:
        """Not the last word: accepted if an ack said so, else unknown."""
        if self.answer.word == "accepted":
            return Answer("accepted", False, reason=why, serial=self.answer.serial)
        return Answer("unknown" if self._attempt else "unreachable", False, reason=why)

    def _late(self) -> Answer:
        if self._attempt is None:
            return Answer("deadline", False)
        return self._unfinished("no answer within the deadline")

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _step(self, step: str, detail: str = "") -> None:
        self._manner.emit(Step(self.visit.name, step, detail))


def last_answer(printed: bytes, nonce: str) -> Answer | None:
    """The last ack of this attempt among the lines that the writer printed."""
    found: Answer | None = None
    for line in printed.splitlines():
        if line.startswith(b"{"):
            try:
                told = answers.parse(line, nonce)
            except FormatError:
                continue
            found = told or found
            if found is not None and found.final:
                break
    return found
