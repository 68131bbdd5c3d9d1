"""What would be signed, and what it would change: parts, place, differences."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from enve.app.orders import Orders
from enve.app.survey import Survey
from enve.app.visit import Visit
from enve.core import muster, parts, preview, serials
from enve.core.linechange import Known
from enve.core.parts import Place
from enve.core.preview import Before, Preview
from enve.core.streams import SMALL
from enve.errors import InputError, LeaseError, RefusedError, Where
from enve.model.march import SignedHead
from enve.model.plan import Blob
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
    def drift(self) -> int:
        return sum(change.action != "" and _by_hand(change) for change in self._rows())

    def _rows(self) -> list[Change]:
        return [change for rows in self.changes.values() for change in rows]


def _by_hand(change: Change) -> bool:
    return change.detail == preview.BY_HAND


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
    changes = _changes(orders, survey, built, reached)
    titles = {name: _title(orders, place, visit, now) for name, visit in reached.items()}
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
    leaving += _lost_leavers(survey, planned)
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


def _lost_leavers(survey: Survey, planned: Collection[str]) -> list[str]:
    """Nodes out of reach that still hold lines of ours, as far as we remember."""
    lost = [name for name, visit in survey.visits.items() if not visit.open and name not in planned]
    remembered = [(name, survey.memory.part(name)) for name in lost]
    return [name for name, part in remembered if part is not None and part.lines]


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


def _changes(
    orders: Orders, survey: Survey, built: Mapping[str, Part], reached: Mapping[str, Visit]
) -> dict[str, tuple[Change, ...]]:
    before = {name: _before(survey, visit, built[name]) for name, visit in reached.items()}
    shown = Preview(_known(orders, survey))
    return {
        name: shown.changes(before[name], built[name].lines, built[name].hashes) for name in reached
    }


def _before(survey: Survey, visit: Visit, part: Part) -> Before:
    """What a node holds, with the texts of the lines that would change, where we have them."""
    held, lines = visit.hashes, {}
    for name, digest in held.items():
        if part.hashes.get(name, digest) != digest:
            text = survey.memory.line(digest)
            if text is not None:
                lines[name] = text
    return Before(held, lines, visit.manual)


def _known(orders: Orders, survey: Survey) -> Known:
    """Call it when all old texts were looked for: memory has read what it could by then."""
    plan, memory = orders.plan, survey.memory
    fresh = {
        digest: read(blob)
        for digest, blob in plan.blobs.items()
        if blob.size <= SMALL and not blob.secret
    }
    secret = {digest for digest, blob in plan.blobs.items() if blob.secret}
    values = {value for node in plan.nodes.values() for value in node.secrets}
    for entry in survey.entries:
        values |= entry.secrets
        secret |= entry.secret_blobs
    return Known(
        names={**memory.names, **plan.names},
        bodies={**memory.bodies, **fresh},
        secrets=frozenset(values),
        secret_blobs=frozenset(secret),
        show_diff=orders.show_diff,
    )


def read(blob: Blob) -> bytes:
    """A small blob's bytes. Raises InputError when its file is not what the plan signed."""
    if blob.data is not None:
        return blob.data
    with Path(blob.path or "").open("rb") as file:
        data = file.read(blob.size + 1)
    if hashlib.sha256(data).hexdigest() != blob.sha256:
        raise InputError("the file changed while it was used", where=Where(str(blob.path)))
    return data


def _title(orders: Orders, place: Place, visit: Visit, now: int) -> str:
    held = visit.held
    if held is None:
        return preview.title(orders.plan.name, place.serial, None, now)
    by = held.signer_name or held.signer[-8:]
    told = (str(held.head.plan), held.serial, by, int(held.head.issued))
    return preview.title(orders.plan.name, place.serial, told, now)


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
