"""Order: which head may follow the one that a node holds ("Accepting, on the node", 4).

Each rule raises Refused with the code of its clause.
"""

from __future__ import annotations

from enve_pm.core.refusal import EQUIVOCATION, REPLAY, STALE_BASE, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STEP = 65_536


def left_behind(known: int, serial: int) -> bool:
    """Is what a node knows so old that it could soon take no step of its lane? Deploy helps."""
    return serial - known > STEP // 2


def is_duplicate(head: Any, hash_: str, held: Any) -> bool:
    """4: equal serial and hash: the node holds this very head, and what it stands for."""
    return held is not None and hash_ == held.hash and not held.lost


def not_below_floor(head: Any, floor: int) -> None:
    """4: deploy gives each lane a floor, the newest head that the controller knew."""
    if head.serial < floor:
        raise Refused(REPLAY, "serial %d is below this lane's floor %d" % (head.serial, floor))


def no_second_head(head: Any, hash_: str, held: Any) -> None:
    """4: equal serial, another hash: somebody signed two plans under one serial."""
    if head.serial == held.serial and hash_ != held.hash:
        raise Refused(
            EQUIVOCATION,
            "serial %d is held with hash %s, this one has %s"
            % (head.serial, held.hash[:16], hash_[:16]),
        )


def newer(head: Any, held: Any) -> None:
    """4: serial > held."""
    if head.serial < held.serial:
        raise Refused(REPLAY, "serial %d is older than the held %d" % (head.serial, held.serial))


def no_leap(head: Any, known: int) -> None:
    """4: at most 65,536 above what is held or deploy's floor: nobody uses up the serials."""
    if head.serial - known > STEP:
        raise Refused(
            REPLAY, "serial %d is more than %d above the known %d" % (head.serial, STEP, known)
        )


def no_fork(head: Any, held: Any) -> None:
    """4: the held head is in the chain of bases, or older than its end; else it is a fork."""
    if (held.serial, held.hash) in head.bases:
        return
    if head.bases and held.serial < head.bases[-1][0]:
        return
    raise Refused(
        STALE_BASE,
        "#%d does not build on #%d (%s), which this node holds"
        % (head.serial, held.serial, held.hash[:16]),
    )


def forced(head: Any, held: Any) -> bool:
    """4: does this head follow only because its signer named the held one with --force-base?"""
    return held is not None and bool(head.force_base) and head.force_base == held.hash


def in_order(head: Any, hash_: str, held: Any, floor: int) -> None:
    """All of clause 4 but the duplicate. held: None, or something with serial and hash; its own
    head follows it where its lines are lost."""
    not_below_floor(head, floor)
    if held is None:
        no_leap(head, floor)
    elif hash_ != held.hash:
        no_second_head(head, hash_, held)
        newer(head, held)
        no_leap(head, max(held.serial, floor))
        no_fork(head, held)
