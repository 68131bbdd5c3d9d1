"""What may stand against a march before anything is signed: clocks, other plans, single spots."""

from __future__ import annotations

from collections.abc import Mapping

from enve.app.orders import Ask, Orders
from enve.app.proposal import Proposal, lost
from enve.app.survey import Survey
from enve.app.visit import Visit
from enve.core import moves, muster
from enve.core.grouping import few
from enve.errors import Unconfirmed
from enve.model.report import Emit, Notice

Waits = Mapping[str, Mapping[str, str]]  # node -> the nodes that go first, and for which spot


def check_clock(orders: Orders, visits: Mapping[str, Visit], now: int) -> None:
    """Raises MissingError when our clock is wrong: what is signed bears its time."""
    if orders.signed is None:
        clocks = [visit.look.now for visit in visits.values() if visit.look and visit.open]
        muster.check_clock(clocks, now)


async def check_plans(orders: Orders, survey: Survey, ask: Ask | None, emit: Emit) -> None:
    """A plan of another name would take away what the held one placed. Raises Unconfirmed."""
    found = muster.foreign(survey.holdings, orders.plan.nodes, orders.plan.name)
    found.pop(orders.replace_plan, None)
    for name, nodes in found.items():
        who = f"{len(nodes)} nodes hold" if len(nodes) > 1 else f"{nodes[0]} holds"
        told = f"{who} the plan '{name}' in the lane '{orders.lane}'"
        question = f"{told}. Replace it by '{orders.plan.name}'?"
        if orders.check:
            emit(Notice(f"{told}; '{orders.plan.name}' would replace it", "warning"))
        elif ask is None or not await ask(question):
            raise Unconfirmed(
                f"{told}; '{orders.plan.name}' would replace it, nothing was signed or sent",
                notes=tuple(nodes[:12]),
                hint=f"--replace-plan {name}, or another lane: --lane NAME",
            )


def tell_lost(orders: Orders, survey: Survey, emit: Emit) -> None:
    """Nodes of which nobody here can say whether the plan has left something on them."""
    unknown = [name for name, held in lost(orders, survey).items() if held is None]
    if unknown and orders.signed is None:
        told = f"out of reach and not in the plan: {few(unknown)}; what they hold is not known here"
        emit(Notice(f"{told}, march again when they are back", "warning"))


def waits(orders: Orders, proposal: Proposal, survey: Survey) -> Waits:
    """Who has to wait for whom, so that no single spot runs twice. Raises InputError."""
    if orders.allow_both or not moves.any_single(proposal.parts):
        return {}
    held = {name: [*visit.hashes] for name, visit in survey.visits.items() if visit.open}
    for name in survey.memory.nodes():
        if name not in held and (part := survey.memory.part(name)) is not None:
            held[name] = [*part.lines]
    return moves.waits(proposal.parts, held)
