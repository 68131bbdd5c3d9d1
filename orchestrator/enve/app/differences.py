"""Differences that people read: what nodes hold, with all that we know of the old texts."""

from __future__ import annotations

from collections.abc import Mapping

from enve.app.blobs import read
from enve.app.orders import Orders
from enve.app.survey import Survey
from enve.app.visit import Visit
from enve.core import atwork, preview, stagefollow
from enve.core.known import Known
from enve.core.parts import Place
from enve.core.preview import Before, Preview
from enve.core.streams import SMALL
from enve.model.report import Change
from enve_pm.core.part import Part

UNKNOWN = "?"  # the hash of a line that is known on the node only


def changes(
    orders: Orders, survey: Survey, built: Mapping[str, Part], reached: Mapping[str, Visit]
) -> dict[str, tuple[Change, ...]]:
    """What would change on each reached node."""
    before = {name: _before(survey, visit, built[name]) for name, visit in reached.items()}
    shown = Preview(_known(orders, survey))
    found = {
        name: shown.changes(before[name], built[name].lines, built[name].hashes) for name in reached
    }
    if any(found.values()):  # then something is sent, to all of them
        for name, visit in reached.items():
            behind = atwork.unreloaded(visit.shown, visit.hashes)
            found[name] = stagefollow.retried(found[name], behind, built[name].lines)
    return found


def _before(survey: Survey, visit: Visit, part: Part) -> Before:
    """What is in force on a node, with the texts of the lines that would change, where we have
    them."""
    held, lines = _in_force(survey, visit, part), {}
    for name, digest in held.items():
        if part.hashes.get(name, digest) != digest:
            text = survey.memory.line(digest)
            if text is not None:
                lines[name] = text
    return Before(held, lines, visit.manual)


def _in_force(survey: Survey, visit: Visit, part: Part) -> Mapping[str, str]:
    """What it holds; where a spot would change whose line waits, that by which it runs instead."""
    held = dict(visit.hashes)
    for spot, goes in atwork.waiting(visit.shown, visit.hashes).items():
        if all(part.hashes.get(name) == held[name] for name in (spot, *goes.awaited)):
            continue  # it waits on
        ran = survey.memory.ran(visit.name, spot, goes.product)
        for name in (spot, *goes.stages):
            held[name] = ran.hashes.get(name, UNKNOWN) if ran is not None else UNKNOWN
    return held


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


def title(orders: Orders, place: Place, visit: Visit, now: int) -> str:
    """What a node holds, and what would come."""
    held = visit.held
    if held is None:
        return preview.title(orders.plan.name, place.serial, None, now)
    by = held.signer_name or held.signer[-8:]
    told = (str(held.head.plan), held.serial, by, int(held.head.issued))
    return preview.title(orders.plan.name, place.serial, told, now)
