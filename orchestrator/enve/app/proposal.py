"""What would be signed, and what it would change: parts, place, differences."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from enve.app import differences
from enve.app.orders import Orders
from enve.app.survey import Survey
from enve.app.visit import Visit
from enve.core import muster, parts, preview, serials
from enve.core.parts import Place
from enve.errors import InputError, LeaseError, RefusedError
from enve.model.march import SignedHead
from enve.model.report import Change, Difference
from enve_pm.core.part import Part


@dataclass(frozen=True, slots=True)
class Proposal:
    """The parts by node, and where the head stands (a signed plan's own place)."""

    parts: Mapping[str, Part]
    place: Place
    changes: Mapping[str, tuple[Change, ...]]  # of reached nodes
    differences: tuple[Difference, ...]
    moving: frozenset[str]  # nodes whose state would change
    needed: bool  # something has to be signed and sent

    @property
    def clears(self) -> bool:
        """Whether everything that the plan has placed would go, on all nodes."""
        return bool(self.moving) and not any(part.lines for part in self.parts.values())

    @property
    def drift(self) -> int:
        return sum(change.by_hand for change in self._rows())

    def _rows(self) -> list[Change]:
        return [change for rows in self.changes.values() for change in rows]


def propose(orders: Orders, survey: Survey, now: int) -> Proposal:
    """Decide everything that can be decided before a person is asked. Raises LeaseError for a
    fork, InputError for a plan that no node would take."""
    if orders.signed is None:
        built = _built(orders, survey)
        place = _place(orders, survey)
    else:
        built = dict(orders.signed.parts)
        head = orders.signed.signed.head
        place = Place(head.serial, head.bases, head.force_base)
        _may_follow(orders.signed.signed, survey)
    parts.too_large(built)
    reached = {name: survey.visits[name] for name in built if _reached(survey, name)}
    changes = differences.changes(orders, survey, built, reached)
    titles = {name: differences.title(orders, place, visit, now) for name, visit in reached.items()}
    moving = frozenset(name for name, rows in changes.items() if rows)
    return Proposal(
        parts=built,
        place=place,
        changes=changes,
        differences=tuple(preview.group([*survey.visits], changes, titles)),
        moving=moving,
        needed=bool(moving) or _needed(orders, survey, built, reached, now),
    )


def _reached(survey: Survey, name: str) -> bool:
    return name in survey.visits and survey.visits[name].open


def _built(orders: Orders, survey: Survey) -> dict[str, Part]:
    plan = orders.plan
    planned = {*plan.nodes, *plan.skipped}
    names = (plan.name, orders.replace_plan)
    leaving = muster.leavers(survey.holdings, planned, names)
    leaving += [name for name, held in lost(orders, survey).items() if held]
    salts: dict[str, str] = {}
    for name in (*plan.nodes, *leaving):
        visit = survey.visits.get(name)
        if visit is not None and visit.claim is not None:
            salts[name] = visit.claim.header["salt"]
        elif (part := survey.memory.part(name)) is not None:
            salts[name] = part.header["salt"]
    built = parts.build(plan, leaving, salts, lambda: secrets.token_hex(16))
    if not built:
        raise InputError(f"the plan '{plan.name}' places nothing on any of these nodes")
    return built


def lost(orders: Orders, survey: Survey) -> dict[str, bool | None]:
    """Nodes out of reach that the plan does not name, and whether they still hold lines of it, as
    far as we remember (None: nothing is known)."""
    plan, names = orders.plan, (orders.plan.name, orders.replace_plan)
    away = [name for name, visit in survey.visits.items() if not visit.open]
    left = [name for name in away if name not in plan.nodes and name not in plan.skipped]
    return {name: survey.memory.holds(name, names) for name in left}


def _place(orders: Orders, survey: Survey) -> Place:
    held = {name: one.head for name, one in survey.holdings.items()}
    own = [entry.signed for entry in survey.entries if entry.may_be_held]
    dead = [entry.signed for entry in survey.entries if not entry.may_be_held]
    if orders.force_base in survey.claimed:
        own.append(survey.claimed[orders.force_base])
    return serials.place(held, own, dead, force=orders.force_base)


def _may_follow(signed: SignedHead, survey: Survey) -> None:
    """A plan out of a file must build on what every reached node holds."""
    newer, forked = [], []
    for name, held in survey.holdings.items():
        if held.head.hash == signed.hash or not survey.visits[name].open:
            continue
        if held.head.serial >= signed.serial:
            newer.append(f"{name} holds #{held.head.serial} by {held.head.signer_name or '?'}")
        elif not serials.follows(held.head.serial, held.head.hash, signed.head.bases):
            forked.append(f"{name} holds #{held.head.serial} {held.head.hash[:16]}")
    if newer:
        raise RefusedError(
            f"the signed plan #{signed.serial} is older than what nodes hold; nothing was sent",
            notes=tuple(newer[:12]),
            hint="sign the plan again: enve-march PLAN",
        )
    if forked:
        raise LeaseError(
            f"the signed plan #{signed.serial} does not build on what nodes hold; nothing was sent",
            notes=tuple(forked[:12]),
            hint="sign the plan again: enve-march PLAN",
        )


def _needed(
    orders: Orders,
    survey: Survey,
    built: Mapping[str, Part],
    reached: Mapping[str, Visit],
    now: int,
) -> bool:
    """Whether something has to be signed though no unit would change: a leaf that differs in its
    header alone, or an older head of ours that could still be played to a node."""
    if orders.signed is not None:
        wanted = orders.signed.signed.hash
        return any(visit.held is None or visit.held.hash != wanted for visit in reached.values())
    if any(muster.differs(built[name], visit.claim) for name, visit in reached.items()):
        return True
    for entry in survey.entries:
        if entry.seen or entry.signed.head.expires <= now:
            continue
        for name, visit in reached.items():
            newer = visit.held is None or entry.signed.serial > visit.held.serial
            if newer and (entry.released or entry.may_reach(name)):
                return True
    return False
