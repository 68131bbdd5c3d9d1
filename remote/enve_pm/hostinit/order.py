"""What the controller orders: the header of a deploy, and the files that follow it.

One line of JSON, then the bodies in the order of the header: the program (taken off by the
bootstrap), the blueprint, the keys.
"""

from __future__ import annotations

import json

from enve_pm.core.lean import namedtuple
from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

VERSION = 1
MAX_BODY = 8 << 20

# home, pipe: absolute paths · system: install by root · program: its hash · register: auto, or
# one of `register.known` · start: whether pm is to run afterwards · now: unix seconds of the
# controller · floors: {lane: serial} · reset_time: let the clock's floor fall · drop: also what
# lives in spots
Order = namedtuple(
    "Order",
    "home pipe system program register start now floors reset_time drop blueprint keys",
)


def read(header: dict[str, Any], stream: BinaryIO) -> Order:
    """The order with its bodies: `blueprint` bytes, `keys` {fingerprint: bytes}."""
    if header.get("v") != VERSION:
        raise Problem("the order has version %r, wanted %d" % (header.get("v"), VERSION))
    blueprint = _body(stream, header["blueprint"])
    keys = {row["fpr"]: _body(stream, row) for row in header["keys"]}
    return Order(
        header["home"],
        header["pipe"],
        header["install"] == "system",
        header["program"]["hash"],
        header["register"],
        header["start"],
        header["now"],
        header["floors"],
        header["reset_time"],
        bool(header.get("drop")),
        blueprint,
        keys,
    )


def _body(stream: BinaryIO, row: dict[str, Any]) -> bytes:
    size = row["size"]
    if not 0 <= size <= MAX_BODY:
        raise Problem("a file of the order is too large: %d bytes" % size)
    data = stream.read(size)
    if len(data) != size or files.sha256(data) != row["sha256"]:
        raise Problem("the order was cut off or damaged on its way", "deploy again")
    return data


def answer(did: list[str], warnings: list[str], problem: Problem | None = None) -> str:
    """The one line that the controller reads."""
    told = None
    if problem is not None:
        told = {"message": problem.message, "hint": problem.hint, "refused": problem.refused}
    return json.dumps({"v": VERSION, "did": did, "warnings": warnings, "problem": told})
