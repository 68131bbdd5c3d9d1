"""The story of a march: look, decide, ask, lease, sign once, send, follow.

One connection a node. Nothing is signed before every node was looked at, and nothing is sent
before every lease is won and our own history is on disk.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from enve.app import reasons, rights, signing
from enve.app.blobs import read
from enve.app.dispatch import Dispatch
from enve.app.follow import Delivery
from enve.app.history import History
from enve.app.lease import Leases
from enve.app.orders import Ask, Orders, Unconfirmed, asks, confirm
from enve.app.proposal import Proposal, propose
from enve.app.signing import Clock
from enve.app.survey import Survey, believe
from enve.app.visit import Visit, Visits
from enve.core import answer as answers
from enve.core import moves, muster, preview
from enve.core.grouping import many
from enve.core.streams import Packer
from enve.core.verdict import OUTCOME_CODE, worst
from enve.errors import EnveError, MissingError
from enve.host.base import Connect
from enve.model.march import Answer, SignedPlan
from enve.model.report import Begin, Emit, End, Notice, Problem, Result
from enve.trust.signer import Signer

INTERRUPTED = 130

Waits = Mapping[str, Mapping[str, str]]


@dataclass
class March:
    """One march. `get_signer` chooses the key (some milliseconds, in a thread); `ask` is None
    where there is nobody to ask; `clock` gives unix seconds."""

    orders: Orders
    connect: Connect
    history: History
    get_signer: Callable[[], Signer]
    ask: Ask | None
    clock: Clock
    emit: Emit
    _codes: list[int] = field(default_factory=list)
    _summary: str = ""
    _started: float = field(default_factory=time.monotonic)

    async def run(self) -> int:
        """The exit code. Raises EnveError for what stops all of it: nothing was sent then."""
        orders = self.orders
        if orders.out is not None:
            signing.check_out(orders.plan)
        self.emit(Begin("march", (*orders.plan.nodes, *orders.plan.skipped)))
        self._visits = Visits(
            self.connect,
            forks=orders.forks,
            connect_deadline=orders.connect_deadline,
            deadline=orders.deadline,
            emit=self.emit,
        )
        chosen = self._choose()
        try:
            with tempfile.TemporaryDirectory(prefix="enve-m") as folder:
                await self._march(Path(folder), chosen)
        except asyncio.CancelledError:
            self._end(INTERRUPTED)
            raise
        finally:
            _drop(chosen)
            await self._visits.close()
        return self._end(worst(self._codes))

    def _choose(self) -> asyncio.Task[Signer] | None:
        """Look for the key while the nodes are looked at."""
        if self.orders.signed is not None:
            return None
        return asyncio.create_task(asyncio.to_thread(self.get_signer))

    async def _march(self, folder: Path, chosen: asyncio.Task[Signer] | None) -> None:
        orders = self.orders
        visits = await self._visits.look(orders.nodes)
        survey = await believe(orders, visits, self.history, folder, self.emit)
        self._check_clock(visits)
        await self._check_plans(survey)
        proposal = propose(orders, survey, self.clock())
        waits = self._waits(proposal, survey)
        self._show(proposal)
        if orders.check or not (proposal.needed or orders.out):
            refused = await self._would_refuse(proposal, survey, chosen) if orders.check else {}
            self._nothing_sent(proposal, survey, refused)
            return
        signer = await chosen if chosen else None
        if signer is not None:
            rights.check_key(orders, proposal, signer.key, self.clock())
        question = preview.footer(proposal.differences)
        await confirm(orders, self.ask, question, len(proposal.moving), proposal.drift)
        if orders.out is not None:
            await self._write_out(orders.out, proposal, survey, signer)
        else:
            await self._go(proposal, survey, waits, signer)

    def _check_clock(self, visits: Mapping[str, Visit]) -> None:
        if self.orders.signed is None:
            clocks = [visit.look.now for visit in visits.values() if visit.look and visit.open]
            muster.check_clock(clocks, self.clock())

    async def _check_plans(self, survey: Survey) -> None:
        """A plan of another name would take away what the held one placed."""
        orders = self.orders
        found = muster.foreign(survey.holdings, orders.plan.nodes, orders.plan.name)
        found.pop(orders.replace_plan, None)
        for name, nodes in found.items():
            who = f"{len(nodes)} nodes hold" if len(nodes) > 1 else f"{nodes[0]} holds"
            told = f"{who} the plan '{name}' in the lane '{orders.lane}'"
            question = f"{told}. Replace it by '{orders.plan.name}'?"
            if orders.check:
                self.emit(Notice(f"{told}; '{orders.plan.name}' would replace it", "warning"))
            elif self.ask is None or not await self.ask(question):
                raise Unconfirmed(
                    f"{told}; '{orders.plan.name}' would replace it, nothing was signed or sent",
                    notes=tuple(nodes[:12]),
                    hint=f"--replace-plan {name}, or another lane: --lane NAME",
                )

    def _waits(self, proposal: Proposal, survey: Survey) -> Waits:
        if self.orders.allow_both or not moves.any_single(proposal.parts):
            return {}
        held = {name: [*visit.hashes] for name, visit in survey.visits.items() if visit.open}
        for name in survey.memory.nodes():
            if name not in held and (part := survey.memory.part(name)) is not None:
                held[name] = [*part.lines]
        return moves.waits(proposal.parts, held)

    def _show(self, proposal: Proposal) -> None:
        for difference in proposal.differences:
            if difference.changes:
                self.emit(difference)
        if proposal.moving:
            if not self._asks(proposal):  # the question says it too
                self.emit(Notice(preview.footer(proposal.differences)))
        elif proposal.needed and self.orders.signed is None:
            self.emit(Notice("nothing changes; signed anew, so that no older head comes back"))

    def _asks(self, proposal: Proposal) -> bool:
        if self.ask is None:
            return False
        return asks(self.orders, len(proposal.moving), proposal.drift)

    async def _would_refuse(
        self, proposal: Proposal, survey: Survey, chosen: asyncio.Task[Signer] | None
    ) -> dict[str, Problem]:
        """What nodes would say to our key. A check needs none: without it nothing is known."""
        try:
            signer = await chosen if chosen else None
        except EnveError:
            return {}
        if signer is None:
            return {}
        return rights.refusals(self.orders, proposal, survey, signer.key, self.clock())

    def _nothing_sent(
        self, proposal: Proposal, survey: Survey, refused: Mapping[str, Problem]
    ) -> None:
        """--check, or everything is as the plan says."""
        self._out_of_reach(proposal, survey)
        for name, rows in proposal.changes.items():
            visit = survey.visits[name]
            if name in refused:
                why = refused[name]
                self._tell(
                    Result(name, "refused", why.message, visit.took(), why, verdict="unsent")
                )
            elif rows and self.orders.check:
                told = many(len(rows), "change")
                self._tell(Result(name, "pending", told, visit.took(), verdict="unsent"))
            else:
                self._tell(visit.result())
        if not proposal.needed:
            self._summary = f"nothing to do on {many(len(proposal.changes), 'node')}"

    def _out_of_reach(self, proposal: Proposal, survey: Survey) -> None:
        """Nodes that nothing can be sent to, each with its reason."""
        for name, why in self.orders.plan.skipped.items():
            self._tell(reasons.skipped(name, why))
        for name in proposal.parts:
            visit = survey.visits.get(name)
            if visit is not None and not visit.open:
                self._tell(visit.result())

    async def _write_out(
        self, out: Path, proposal: Proposal, survey: Survey, signer: Signer | None
    ) -> None:
        signed = await self._signed(proposal, signer)
        signing.write_out(out, self.history, self.orders.plan, signed, self.emit)
        self._out_of_reach(proposal, survey)
        for name in proposal.changes:
            self._tell(Result(name, "skipped", f"in {out}", verdict="unsent"))
        self._summary = f"written, {many(len(signed.parts), 'node')}"

    async def _go(
        self, proposal: Proposal, survey: Survey, waits: Waits, signer: Signer | None
    ) -> None:
        going = {name: survey.visits[name] for name in proposal.parts if name in survey.visits}
        async with Leases(self.orders.lane, self.orders.who) as leases:
            await leases.take(going)
            if any(visit.open for visit in going.values()):
                signed = await self._signed(proposal, signer)
                await self._send(signed, proposal, survey, waits)
            else:
                self._out_of_reach(proposal, survey)

    async def _signed(self, proposal: Proposal, signer: Signer | None) -> SignedPlan:
        if self.orders.signed is not None:
            return await signing.identified(self.orders, self.orders.signed)
        if signer is None:
            raise MissingError("no key was chosen to sign with")
        return await signing.sign(self.orders, proposal, signer, self.clock, self.emit)

    async def _send(
        self, signed: SignedPlan, proposal: Proposal, survey: Survey, waits: Waits
    ) -> None:
        plan = self.orders.plan
        going = {name: survey.visits[name] for name in signed.parts if name in survey.visits}
        going = {name: visit for name, visit in going.items() if visit.open}
        entry = signing.remember(self.history, plan, signed, frozenset(going), False)
        self._out_of_reach(proposal, survey)
        packer = Packer(signed, plan.blobs, read)
        fates: dict[str, str] = {}

        def done(name: str, answer: Answer) -> None:
            fates[name] = answer.word
            self._tell(self._result(signed, proposal, going[name], answer))

        deliveries = {name: self._delivery(visit, packer) for name, visit in going.items()}
        try:
            await Dispatch(deliveries, waits, done).run()
        finally:
            self.history.finish(entry, fates)

    def _delivery(self, visit: Visit, packer: Packer) -> Delivery:
        return Delivery(
            visit,
            packer,
            deadline=self.orders.deadline,
            reconnect=lambda: self._visits.open(visit.node),
            emit=self.emit,
        )

    def _result(
        self, signed: SignedPlan, proposal: Proposal, visit: Visit, answer: Answer
    ) -> Result:
        told = answers.result(visit.name, answer, visit.took())
        if told.outcome == "changed" and not proposal.changes.get(visit.name):
            return replace(told, outcome="unchanged")
        keyholes = self.orders.keyholes.get(visit.name, ())
        return reasons.explained(told, answer, signed.signed, keyholes)

    def _tell(self, result: Result) -> None:
        code = result.problem.code if result.problem else OUTCOME_CODE[result.outcome]
        self._codes.append(code)
        self.emit(result)

    def _end(self, code: int) -> int:
        self.emit(End(code, time.monotonic() - self._started, self._summary))
        return code


def _drop(task: asyncio.Task[Signer] | None) -> None:
    """A key that is not wanted any more; neither is the reason why there is none."""
    if task is not None and not task.cancel() and not task.cancelled():
        task.exception()
