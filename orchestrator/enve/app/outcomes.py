"""How the nodes of one march came out: each one's last word, and the exit code over all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from enve.app import reasons
from enve.app.orders import Orders
from enve.app.proposal import Proposal
from enve.app.survey import Survey
from enve.core import verdict
from enve.core.grouping import many
from enve.model.report import Emit, End, Problem, Result


class Outcomes:
    """Tells results as they come, and the end. `summary`: its last line, "" = count outcomes."""

    def __init__(self, orders: Orders, emit: Emit) -> None:
        self._orders = orders
        self._emit = emit
        self._codes: list[int] = []
        self._started = time.monotonic()
        self.summary = ""

    def tell(self, result: Result) -> None:
        """The last word on one node."""
        self._codes.append(verdict.code(result))
        self._emit(result)

    def end(self, code: int | None = None) -> int:
        """The exit code: the verdict over all results, unless something else ended the march."""
        code = verdict.worst(self._codes) if code is None else code
        self._emit(End(code, time.monotonic() - self._started, self.summary))
        return code

    def out_of_reach(self, proposal: Proposal, survey: Survey) -> None:
        """Nodes that nothing can be sent to, each with its reason."""
        for name, why in self._orders.plan.skipped.items():
            self.tell(reasons.skipped(name, why))
        for name in proposal.parts:
            visit = survey.visits.get(name)
            if visit is not None and not visit.open:
                self.tell(visit.result())

    def nothing_sent(
        self, proposal: Proposal, survey: Survey, refused: Mapping[str, Problem]
    ) -> None:
        """--check, or everything is as the plan says."""
        self.out_of_reach(proposal, survey)
        failed = 0
        for name, rows in proposal.changes.items():
            visit = survey.visits[name]
            if why := refused.get(name):
                told = Result(name, "refused", why.message, visit.took(), why, verdict="unsent")
            elif rows and self._orders.check:
                changes = many(len(rows), "change")
                told = Result(name, "pending", changes, visit.took(), verdict="unsent")
            else:
                told = visit.standing()
            failed += told.outcome == "failed"
            self.tell(told)
        if refused:
            self.summary = f"would be refused on {many(len(refused), 'node')}; nothing was sent"
        elif not proposal.needed:
            self.summary = _nothing(len(proposal.changes), failed)


def _nothing(nodes: int, failed: int) -> str:
    """The last line of a march that has nothing to send."""
    if failed:
        return f"nothing to send, but not everything runs on {failed} of {many(nodes, 'node')}"
    return f"nothing to do on {many(nodes, 'node')}"
