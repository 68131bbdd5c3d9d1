"""What all nodes showed, and what of it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from enve.app.history import Entry, History
from enve.app.memory import Memory
from enve.app.orders import Orders
from enve.app.visit import Visit
from enve.core import serials
from enve.core.grouping import few
from enve.core.muster import Holding
from enve.model.march import SignedHead
from enve.model.report import Emit, Notice
from enve.trust.heads import BadState, Verifier
from enve_pm.core.refusal import FormatError
from enve_pm.wire import head as heads


@dataclass(frozen=True, slots=True)
class Survey:
    """All visits, our own history, and the heads that nodes claim (believed or not)."""

    visits: Mapping[str, Visit]
    entries: Sequence[Entry]
    memory: Memory
    claimed: Mapping[str, SignedHead]  # by hash: only to be forced by name

    @property
    def holdings(self) -> dict[str, Holding]:
        """What each node holds for certain."""
        return {
            name: Holding(visit.held, visit.claim)
            for name, visit in self.visits.items()
            if visit.held is not None and visit.claim is not None
        }


async def believe(
    orders: Orders, visits: Mapping[str, Visit], history: History, folder: Path, emit: Emit
) -> Survey:
    """Check every head that a node shows; keep those of others in our history."""
    entries = history.entries()
    judge = Verifier(
        orders.keys.values(), [entry.signed for entry in entries], domain=orders.plan.domain
    )
    for visit in visits.values():
        await _judge(orders.lane, visit, judge)
    _set_aside_leaps(visits.values(), entries)
    _tell(visits.values(), emit)
    known = {entry.signed.hash for entry in entries}
    held = {one.held.hash: one.held for one in visits.values() if one.held is not None}
    for hash_, head in held.items():
        if hash_ not in known:
            history.see(head)
    return Survey(visits, entries, Memory(entries, folder), _claimed(orders.lane, visits.values()))


async def _judge(lane: str, visit: Visit, judge: Verifier) -> None:
    claim = visit.look.lanes.get(lane) if visit.look else None
    if claim is None:
        return
    try:
        if judge.unchecked(claim):
            visit.held = await asyncio.to_thread(judge.check, visit.name, lane, claim)
        else:
            visit.held = judge.check(visit.name, lane, claim)
        visit.claim = claim
    except BadState as bad:
        visit.flaw = str(bad)


def _set_aside_leaps(visits: Iterable[Visit], entries: Sequence[Entry]) -> None:
    """A head so far ahead that no other node could follow is no step of this lane: with one key and
    one node somebody could else use up the serials of all."""
    holding = [visit for visit in visits if visit.held is not None]
    shown = [visit.held.serial for visit in holding if visit.held is not None]
    top = serials.reached(shown, max((entry.signed.serial for entry in entries), default=0))
    for visit in holding:
        if visit.held is not None and visit.held.serial > top:
            visit.flaw = f"its #{visit.held.serial} is too far above #{top}, which others hold"
            visit.held = visit.claim = None


def _tell(visits: Iterable[Visit], emit: Emit) -> None:
    """Equal flaws once; such a node does not stop the others."""
    met: dict[str, list[str]] = {}
    for visit in visits:
        if visit.flaw:
            met.setdefault(visit.flaw, []).append(visit.name)
    for flaw, names in met.items():
        emit(Notice(f"bad-state, ignored: {few(names)}: {flaw}", "warning"))


def _claimed(lane: str, visits: Iterable[Visit]) -> dict[str, SignedHead]:
    found: dict[str, SignedHead] = {}
    for visit in visits:
        claim = visit.look.lanes.get(lane) if visit.look else None
        if claim is None or visit.held is not None:
            continue
        try:
            parsed = heads.parse(claim.head)
        except FormatError:
            continue
        hash_ = heads.name(claim.head)
        found[hash_] = SignedHead(claim.head, hash_, parsed, claim.sigs)
    return found
