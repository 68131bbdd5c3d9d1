"""Sign a proposal once, keep it in history, and write it to a file where --out says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from enve.app import signedfile
from enve.app.history import Entry, History
from enve.app.orders import Orders
from enve.app.proposal import Proposal
from enve.app.signedfile import Content
from enve.core import parts
from enve.core.streams import SMALL
from enve.errors import InputError
from enve.model.march import SignedPlan
from enve.model.plan import RenderedPlan
from enve.model.report import Emit, Notice
from enve.trust.heads import Verifier
from enve.trust.signer import Signer
from enve_pm.wire import head as heads

Clock = Callable[[], int]  # unix seconds


async def sign(
    orders: Orders, proposal: Proposal, signer: Signer, clock: Clock, emit: Emit
) -> SignedPlan:
    """One signature for all nodes. A person may be asked for a passphrase or a card."""
    over = parts.tree(proposal.parts)
    raw = parts.head(orders.plan, proposal.place, over, clock())
    key = signer.key
    hole = orders.keys.get(key.fingerprint)
    by = hole.name if hole else key.name
    if key.card:
        emit(Notice(f"the card of {by} signs: it may want its PIN or a touch"))
    signature = await asyncio.to_thread(signer.sign, heads.signed(raw))
    emit(Notice(f"signed once by {by} {key.short}"))
    return parts.signed(raw, (signature,), proposal.parts, (key.fingerprint, by), over)


async def identified(orders: Orders, signed: SignedPlan) -> SignedPlan:
    """A plan out of a file with its signer told, if the blueprint knows the key."""
    judge = Verifier(orders.keys.values(), domain=orders.plan.domain)
    head = await asyncio.to_thread(judge.identify, signed.signed)
    return replace(signed, signed=head)


def remember(
    history: History, plan: RenderedPlan, signed: SignedPlan, sent: frozenset[str], out: bool
) -> Entry:
    """Put it on disk before anybody else can have it. Secret files are left out."""
    secret = frozenset(digest for digest, blob in plan.blobs.items() if blob.secret)
    values = frozenset(value for node in plan.nodes.values() for value in node.secrets)
    small = {
        digest: blob
        for digest, blob in plan.blobs.items()
        if blob.size <= SMALL and digest not in secret
    }
    entry = Entry(
        signed.signed,
        Path(),
        released=out,
        sent=sent,
        origins=plan.origins,
        secrets=values,
        secret_blobs=secret,
    )
    return history.begin(Content(signed, small, plan.names), entry)


def check_out(plan: RenderedPlan) -> None:
    """Raises InputError for a plan with secrets: a file would carry them in the clear."""
    blobs = any(blob.secret for blob in plan.blobs.values())
    if blobs or any(node.secrets for node in plan.nodes.values()):
        raise InputError(
            "the plan holds secrets, and a file would carry them in the clear",
            hint="march it directly; --out takes plans without !secret",
        )


def write_out(
    out: Path, history: History, plan: RenderedPlan, signed: SignedPlan, emit: Emit
) -> None:
    """The signed plan as a file that can be marched later, by anybody who may reach the nodes."""
    remember(history, plan, signed, frozenset(), True)
    signedfile.write(out, Content(signed, plan.blobs, plan.names))
    count = len(signed.parts)
    nodes = f"{count} node{'s' if count != 1 else ''}"
    emit(Notice(f"{out}: {plan.name} #{signed.signed.serial} for {nodes}, not sent yet"))
