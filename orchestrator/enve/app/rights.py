"""Whether the key would do, as far as the blueprint at hand can say. Nodes judge by their own, as
deploy laid it down; this saves a signature that all of them would refuse."""

from __future__ import annotations

from collections.abc import Iterable

from enve.app.orders import Orders
from enve.app.proposal import Proposal
from enve.app.reasons import reading
from enve.app.survey import Survey
from enve.core import answer
from enve.core.keyholes import node_side
from enve.errors import REFUSED, RefusedError
from enve.model.blueprint import Keyhole
from enve.model.report import Problem
from enve.model.trust import Key, shorten
from enve_pm.core import policy, refusal, scope
from enve_pm.core.refusal import Refused

HINT = "--key chooses another key; or ask the architect for a keyhole"


def check_key(orders: Orders, proposal: Proposal, key: Key, now: int) -> None:
    """Raises RefusedError when no node that the plan goes to has a keyhole for this key."""
    holes = [hole for name in proposal.parts for hole in orders.keyholes.get(name, ())]
    if not orders.keyholes or any(_unfit(hole, key, orders.lane, now) == "" for hole in holes):
        return
    mine = dict.fromkeys(_unfit(hole, key, orders.lane, now) for hole in holes)
    why = next((told for told in mine if told is not None), "is named by no keyhole of these nodes")
    raise RefusedError(
        f"key {key.name} ({key.short}) {why}: the nodes would refuse it;"
        " nothing was signed or sent",
        notes=(*_own(holes, key), *_would_do(holes, orders.lane, now)),
        hint=HINT,
    )


def refusals(
    orders: Orders, proposal: Proposal, survey: Survey, key: Key, now: int
) -> dict[str, Problem]:
    """Node -> why it would refuse this key, of those that would change; for --check."""
    found = {}
    for name in sorted(proposal.moving) if orders.keyholes else ():
        told = _refusal(orders, proposal, survey, (name, key), now)
        if told:
            notes = _own(orders.keyholes.get(name, ()), key)
            found[name] = Problem(f"would be refused: {told}", REFUSED, notes=notes, hint=HINT)
        elif taken := _taken(orders, proposal, survey, name):
            told, hint = f"would be refused: {taken}", answer.HINTS[refusal.LANE]
            found[name] = Problem(told, answer.REJECTED[refusal.LANE], hint=hint)
    return found


def _refusal(
    orders: Orders, proposal: Proposal, survey: Survey, whom: tuple[str, Key], now: int
) -> str:
    name, key = whom
    holes = orders.keyholes.get(name, ())
    fit = [node_side(hole) for hole in holes if _unfit(hole, key, orders.lane, now) == ""]
    if not fit:
        told = filter(None, (_unfit(hole, key, orders.lane, now) for hole in holes))
        return f"key {key.name} ({key.short}) {next(told, 'is named by no keyhole there')}"
    change = scope.difference(survey.visits[name].hashes, proposal.parts[name].hashes)
    try:
        scope.within({key.fingerprint: fit}, 1, name, change)
    except Refused as refused:
        return refused.reason
    return ""


def _taken(orders: Orders, proposal: Proposal, survey: Survey, name: str) -> str:
    """Which spot another lane holds, as the node says it."""
    look, planned = survey.visits[name].look, proposal.parts[name].hashes
    for lane, held in sorted(look.lanes.items()) if look else ():
        spots = sorted(held.hashes.keys() & planned.keys()) if lane != orders.lane else ()
        if spots:
            return f"{spots[0]} is held by the lane {lane}"
    return ""


def _unfit(hole: Keyhole, key: Key, lane: str, now: int) -> str | None:
    """Why this keyhole does not open: "" when it does, None when it is another key's."""
    return policy.unfit(node_side(hole), lane, now) if hole.fingerprint == key.fingerprint else None


def _own(holes: Iterable[Keyhole], key: Key) -> tuple[str, ...]:
    """What the key's own keyholes read."""
    own = dict.fromkeys(reading(hole) for hole in holes if hole.fingerprint == key.fingerprint)
    return tuple(f"its keyhole reads: {text}" for text in own)[:4]


def _would_do(holes: Iterable[Keyhole], lane: str, now: int) -> tuple[str, ...]:
    fit = [hole for hole in holes if not policy.unfit(node_side(hole), lane, now)]
    names = dict.fromkeys(f"{hole.name} ({shorten(hole.fingerprint)})" for hole in fit)
    return (f"keys that would do: {', '.join([*names][:12])}",) if names else ()
