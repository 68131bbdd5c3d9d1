"""From a rendered plan to what is signed: one part per node, one tree over all, one head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from enve.errors import InputError
from enve.model.march import SignedHead, SignedPlan
from enve.model.plan import RenderedPlan
from enve_pm.core import part as parts
from enve_pm.core.part import Part
from enve_pm.wire import head as heads
from enve_pm.wire.head import Head, Proof
from enve_pm.wire.merkle import Tree

EPOCH = 1
SWELL = 8  # bytes that one character takes at most in a part, quotes and commas included
LIFE = 30 * 86_400  # seconds that a head is accepted, unless the plan says less


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new head stands in its lane."""

    serial: int
    bases: tuple[tuple[int, str], ...]
    force_base: str = ""


def build(
    plan: RenderedPlan,
    leavers: Iterable[str],
    salts: Mapping[str, str],
    new_salt: Callable[[], str],
) -> dict[str, Part]:
    """A part for every node of the plan, and one without lines for every node that leaves it.

    `salts`: what nodes hold in this lane; it stays, so that an unchanged plan changes no leaf.
    """
    lines = {node: each.lines for node, each in plan.nodes.items()}
    lines.update((node, {}) for node in leavers if node not in lines)
    return {
        node: Part(parts.header(node, plan.lane, salts.get(node) or new_salt()), lines[node])
        for node in sorted(lines)
    }


def too_large(built: Mapping[str, Part]) -> None:
    """Raises InputError for a part that no node would take."""
    for node, part in built.items():
        if sum(map(len, part.lines.values())) + sum(map(len, part.lines)) < parts.SIZE // SWELL:
            continue
        size = len(part.encode())
        if size > parts.SIZE:
            raise InputError(
                f"the part of {node} has {size} bytes, a node takes {parts.SIZE}",
                hint="move long values from lines into files",
            )


def head(plan: RenderedPlan, place: Place, tree: Tree, now: int) -> bytes:
    """The canonical bytes to sign. `now`: unix seconds."""
    expires = plan.expires or now + LIFE
    if expires <= now:
        raise InputError("the plan expires in the past", hint="mend `expires` in the plan")
    return heads.encode(
        Head(
            domain=plan.domain,
            epoch=EPOCH,
            lane=plan.lane,
            plan=plan.name,
            serial=place.serial,
            bases=place.bases,
            issued=now,
            expires=expires,
            n=len(tree.levels[0]),
            root=tree.root.hex(),
            revoke_v=0,
            force_base=place.force_base,
        )
    )


def tree(built: Mapping[str, Part]) -> Tree:
    """The tree over all parts, leaves sorted by node id."""
    return Tree([built[node].leaf() for node in sorted(built)])


def proofs(built: Mapping[str, Part], over: Tree) -> dict[str, Proof]:
    """Every node's way to the root."""
    return {node: Proof(at, tuple(over.proof(at))) for at, node in enumerate(sorted(built))}


def signed(
    raw: bytes,
    signatures: tuple[bytes, ...],
    built: Mapping[str, Part],
    signer: tuple[str, str],
    over: Tree | None = None,
) -> SignedPlan:
    """Everything together. `signer`: fingerprint and name; `over`: the tree, if it is made
    already. Raises ValueError if the head and the parts do not belong together."""
    over = over or tree(built)
    found = heads.parse(raw)
    if (found.root, found.n) != (over.root.hex(), len(built)):
        raise ValueError("the head was not made for these parts")
    named = SignedHead(raw, heads.name(raw), found, signatures, *signer)
    return SignedPlan(named, built, proofs(built, over))
