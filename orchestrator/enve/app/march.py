"""The story of a march: look, decide, ask, lease, sign once, send, follow.

One connection a node. Nothing is signed before every node was looked at, and nothing is sent
before every lease is won and our own history is on disk.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from enve.app import durable, obstacles, rights, signing
from enve.app.history import History
from enve.app.lease import Leases
from enve.app.obstacles import Waits
from enve.app.orders import Ask, Impact, Orders, asks, confirm
from enve.app.outcomes import Outcomes
from enve.app.proposal import Proposal, propose
from enve.app.sending import Sending
from enve.app.signing import Clock
from enve.app.survey import Survey, believe
from enve.app.visit import Visits
from enve.core import preview
from enve.core.grouping import many
from enve.errors import EnveError, MissingError
from enve.host.base import Connect
from enve.model.march import SignedPlan
from enve.model.report import Begin, Emit, Notice, Problem, Result
from enve.trust.signer import Signer

INTERRUPTED = 130


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

    def __post_init__(self) -> None:
        orders = self.orders
        self._outcomes = Outcomes(orders, self.emit)
        self._visits = Visits(
            self.connect,
            forks=orders.forks,
            connect_deadline=orders.connect_deadline,
            deadline=orders.deadline,
            emit=self.emit,
        )
        self._interrupted = "interrupted: nothing was sent"
        self._sending = Sending(orders, self.history, self._visits, self._outcomes, self.emit)

    async def run(self) -> int:
        """The exit code. Raises EnveError for what stops all of it: nothing was sent then."""
        orders = self.orders
        if orders.out is not None:
            signing.check_out(orders.plan)
        self.emit(Begin("march", (*orders.plan.nodes, *orders.plan.skipped)))
        chosen = self._choose()
        try:
            with tempfile.TemporaryDirectory(prefix="enve-m") as folder:
                await self._march(Path(folder), chosen)
        except asyncio.CancelledError:
            self._outcomes.summary = self._interrupted
            self._outcomes.end(INTERRUPTED)
            raise
        finally:
            _drop(chosen)
            await self._visits.close()
        return self._outcomes.end()

    def _choose(self) -> asyncio.Task[Signer] | None:
        """Look for the key while the nodes are looked at."""
        if self.orders.signed is not None:
            return None
        return asyncio.create_task(asyncio.to_thread(self.get_signer))

    async def _march(self, folder: Path, chosen: asyncio.Task[Signer] | None) -> None:
        orders = self.orders
        visits = await self._visits.look(orders.nodes)
        survey = await believe(orders, visits, self.history, folder, self.emit)
        obstacles.check_clock(orders, visits, self.clock())
        await obstacles.check_plans(orders, survey, self.ask, self.emit)
        obstacles.tell_lost(orders, survey, self.emit)
        proposal = propose(orders, survey, self.clock())
        waits = obstacles.waits(orders, proposal, survey)
        self._show(proposal)
        if orders.check or not (proposal.needed or orders.out):
            refused = await self._would_refuse(proposal, survey, chosen) if orders.check else {}
            self._outcomes.nothing_sent(proposal, survey, refused)
            return
        signer = await chosen if chosen else None
        if signer is not None:
            rights.check_key(orders, proposal, signer.key, self.clock())
        question = preview.footer(proposal.differences)
        await confirm(orders, self.ask, question, _impact(proposal))
        if orders.out is not None:
            await self._write_out(orders.out, proposal, survey, signer)
        else:
            await self._go(proposal, survey, waits, signer)

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
        return self.ask is not None and asks(self.orders, _impact(proposal))

    async def _would_refuse(
        self, proposal: Proposal, survey: Survey, chosen: asyncio.Task[Signer] | None
    ) -> dict[str, Problem]:
        """What nodes would say to our key. A check needs none, unless one was chosen: without it
        nothing is known."""
        try:
            signer = await chosen if chosen else None
        except EnveError:
            if self.orders.key:
                raise
            return {}
        if signer is None:
            return {}
        return rights.refusals(self.orders, proposal, survey, signer.key, self.clock())

    async def _write_out(
        self, out: Path, proposal: Proposal, survey: Survey, signer: Signer | None
    ) -> None:
        durable.check(out)  # before a serial is used up
        signed = await self._signed(proposal, signer)
        signing.write_out(out, self.history, self.orders.plan, signed, self.emit)
        self._outcomes.out_of_reach(proposal, survey)
        for name in proposal.changes:
            self._outcomes.tell(Result(name, "skipped", f"in {out}", verdict="unsent"))
        self._outcomes.summary = f"written, {many(len(signed.parts), 'node')}"

    async def _go(
        self, proposal: Proposal, survey: Survey, waits: Waits, signer: Signer | None
    ) -> None:
        going = {name: survey.visits[name] for name in proposal.parts if name in survey.visits}
        orders = self.orders
        async with Leases(orders.lane, orders.who, orders.deadline) as leases:
            await leases.take(going)
            if any(visit.open for visit in going.values()):
                signed = await self._signed(proposal, signer)
                self._interrupted = ""  # every node says how it stands
                await self._sending.run(signed, proposal, survey, waits, leases.release)
            else:
                self._outcomes.out_of_reach(proposal, survey)

    async def _signed(self, proposal: Proposal, signer: Signer | None) -> SignedPlan:
        self.history.check()
        if self.orders.signed is not None:
            return await signing.identified(self.orders, self.orders.signed)
        if signer is None:
            raise MissingError("no key was chosen to sign with")
        return await signing.sign(self.orders, proposal, signer, self.clock, self.emit)


def _impact(proposal: Proposal) -> Impact:
    return Impact(len(proposal.moving), proposal.drift, proposal.clears)


def _drop(task: asyncio.Task[Signer] | None) -> None:
    """A key that is not wanted any more; neither is the reason why there is none."""
    if task is not None and not task.cancel() and not task.cancelled():
        task.exception()
