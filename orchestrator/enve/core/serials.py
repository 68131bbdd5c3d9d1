"""Where a new head stands: its serial, what it builds on, and who would see it as a fork."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from enve.core.parts import Place
from enve.errors import LeaseError, UsageError
from enve.model.march import SignedHead
from enve_pm.core.chain import STEP, no_fork
from enve_pm.core.refusal import Refused
from enve_pm.wire.head import BASES

Chain = Sequence[tuple[int, str]]
MOST = 1 << 40  # what no lane comes to: where only one node tells, it is lying


@dataclass(frozen=True, slots=True)
class Fork:
    """Nodes that hold a head on which ours would not build."""

    held: SignedHead
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Order:
    """As much of a head as the node's own rule looks at."""

    serial: int
    hash: str
    bases: Chain


def follows(serial: int, hash_: str, chain: Chain) -> bool:
    """Whether a node that holds (serial, hash) accepts a head that builds on `chain`: by the
    node's own rule."""
    try:
        no_fork(_Order(chain[0][0] + 1 if chain else 1, "", chain), _Order(serial, hash_, ()))
    except Refused:
        return False
    return True


def reached(shown: Iterable[int], known: int) -> int:
    """The highest serial that a lane has come to by steps that nodes take. `shown`: those that
    nodes hold; `known`: the newest of our history, 0 for none."""
    rest = sorted(shown)
    top = known or min(min(rest, default=0), MOST)
    for serial in rest:
        if serial - top > STEP or serial > MOST:
            break
        top = max(top, serial)
    return top


def place(
    held: Mapping[str, SignedHead],
    own: Iterable[SignedHead],
    dead: Iterable[SignedHead] = (),
    *,
    force: str = "",
) -> Place:
    """The place of a new head over what reached nodes hold (by node), over the heads of our own
    history that some node may hold, and past those that none holds (`dead`).

    Raises LeaseError for a fork, naming nodes and signer; `force` is the hash of a head to build
    on all the same.
    """
    alive = {one.hash: one for one in (*own, *held.values())}
    newest = max(alive.values(), key=lambda one: (one.serial, one.hash), default=None)
    serial = max([one.serial for one in (*alive.values(), *dead)], default=0) + 1
    if newest is None:
        _unforced(force)
        return Place(serial, ())
    bases = _bases(newest, _forced(force, alive))
    found = forks(held, list(alive.values()), bases)
    if found:
        raise _fork_error(found, newest)
    return Place(serial, bases, force)


def _bases(newest: SignedHead, forced: SignedHead | None) -> tuple[tuple[int, str], ...]:
    chain = list(newest.chain[:BASES])
    if forced is None or (forced.serial, forced.hash) in chain:
        return tuple(chain)
    both = sorted({*chain, *forced.chain}, key=lambda one: (-one[0], one[1]))
    must = {(newest.serial, newest.hash), (forced.serial, forced.hash)}
    rest = [one for one in both if one not in must][: BASES - len(must)]
    return tuple(sorted([*must, *rest], key=lambda one: (-one[0], one[1])))


def _forced(force: str, alive: Mapping[str, SignedHead]) -> SignedHead | None:
    if not force:
        return None
    if force not in alive:
        raise _unknown(force)
    return alive[force]


def _unforced(force: str) -> None:
    if force:
        raise _unknown(force)


def _unknown(force: str) -> UsageError:
    return UsageError(
        f"--force-base: no reached node and no history has the head {force[:16]}",
        hint="take the hash from the message about the fork",
    )


def forks(held: Mapping[str, SignedHead], alive: Sequence[SignedHead], bases: Chain) -> list[Fork]:
    """What does not follow `bases`, the nodes that hold it together."""
    found = []
    for one in sorted(alive, key=lambda one: -one.serial):
        if not follows(one.serial, one.hash, bases):
            nodes = tuple(node for node, head in held.items() if head.hash == one.hash)
            found.append(Fork(one, nodes))
    return found


def _fork_error(found: Sequence[Fork], newest: SignedHead) -> LeaseError:
    notes = [f"ours would build on {_name(newest)}"]
    for fork in found:
        where = f"held by {' '.join(fork.nodes[:8])}" if fork.nodes else "marched from here before"
        more = f" and {len(fork.nodes) - 8} more" if len(fork.nodes) > 8 else ""
        notes.append(f"{_name(fork.held)}: {where}{more}")
    return LeaseError(
        "the lane is forked: not everybody built on the same plan; nothing was signed",
        notes=tuple(notes),
        hint=f"to build on both: --force-base {found[0].held.hash}",
    )


def _name(one: SignedHead) -> str:
    signer = one.signer_name or one.signer or "an unknown key"
    return f"{one.head.plan} #{one.serial} {one.hash[:16]} by {signer}"
