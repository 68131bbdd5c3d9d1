"""One signed plan to every node that can take it; our own history is on disk before and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from enve.app import reasons, signing
from enve.app.blobs import read
from enve.app.dispatch import Dispatch
from enve.app.follow import Delivery, Manner
from enve.app.history import History
from enve.app.obstacles import Waits
from enve.app.orders import Orders
from enve.app.outcomes import Outcomes
from enve.app.proposal import Proposal
from enve.app.stagewatch import StageWatch
from enve.app.survey import Survey
from enve.app.visit import Visit, Visits
from enve.core import answer as answers
from enve.core.streams import Packer
from enve.model.march import Answer, SignedPlan
from enve.model.report import Emit, Result

Release = Callable[[], Awaitable[None]]
UNSENT = ("pending", "unknown")  # of one whose stream may still be under way


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends and follows; every node gets its last word in `outcomes`."""

    orders: Orders
    history: History
    visits: Visits
    outcomes: Outcomes
    emit: Emit

    async def run(
        self, signed: SignedPlan, proposal: Proposal, survey: Survey, waits: Waits, release: Release
    ) -> None:
        """`release`: gives the lane back."""
        plan = self.orders.plan
        going = {name: survey.visits[name] for name in signed.parts if name in survey.visits}
        going = {name: visit for name, visit in going.items() if visit.open}
        entry = signing.remember(self.history, plan, signed, frozenset(going), False)
        self.outcomes.out_of_reach(proposal, survey)
        packer = Packer(signed, plan.blobs, read)
        fates: dict[str, str] = {}

        def done(name: str, answer: Answer) -> None:
            fates[name] = answer.word
            self.outcomes.tell(self._result(signed, proposal, going[name], answer))

        async def waits_on() -> None:
            if all(one.answer.word not in UNSENT for one in deliveries.values()):
                await release()  # nothing is sent any more: others may march

        manner = self._manner(waits_on)
        deliveries = {
            name: Delivery(visit, packer, self._watch(signed, visit), manner)
            for name, visit in going.items()
        }
        try:
            await Dispatch(deliveries, waits, done).run()
        finally:
            self.history.finish(entry, fates)

    def _manner(self, waits: Release) -> Manner:
        orders = self.orders
        return Manner(orders.deadline, self.visits.open, self.emit, orders.patient, waits)

    def _watch(self, signed: SignedPlan, visit: Visit) -> StageWatch:
        return StageWatch(visit, signed.parts[visit.name].lines, self.emit, len(signed.parts))

    def _result(
        self, signed: SignedPlan, proposal: Proposal, visit: Visit, answer: Answer
    ) -> Result:
        told = answers.result(visit.name, answer, visit.took())
        if told.outcome == "changed" and not proposal.changes.get(visit.name):
            return replace(told, outcome="unchanged")
        keyholes = self.orders.keyholes.get(visit.name, ())
        return reasons.explained(told, answer, signed.signed, keyholes)
