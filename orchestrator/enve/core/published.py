"""What a node publishes (contracts, section 5), read strictly: status, sub-pms, held lanes.

A key of a newer version that is not known here is passed over; a known one that is wrong makes
the whole document unusable (`FormatError`): what a node prints is never trusted in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enve.core.foreign import flag, named, number, text, versioned
from enve_pm.core import shape
from enve_pm.core.refusal import FormatError
from enve_pm.core.states import DOWN, STATES, UP

MOST_UNITS = 10_000  # in one pm
MOST_PMS = 1_000  # in one pm
MOST_HEAD = 1 << 20
DEEPEST = 16  # pms in pms


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as its pm tells it."""

    state: str
    kind: str = "process"
    want: str = ""
    why: str = ""
    result: str = ""
    since: int = 0
    restarts: int = 0
    pid: int = 0
    stale: str = ""
    drift: bool = False
    detail: str = ""
    waits_for: str = ""  # the stage that its new line waits for


@dataclass(frozen=True, slots=True)
class Status:
    """What a pm last wrote about itself and its units. `start`: clock ticks after boot."""

    pid: int
    start: int
    boot: str
    version: str
    program: str  # the hash of the program that runs
    wall: int  # unix milliseconds, when it was written
    units: Mapping[str, Unit]


@dataclass(frozen=True, slots=True)
class Sub:
    """A sub-pm as its parent last read it, with its own sub-pms."""

    read: int
    alive: bool
    status: Status | None
    subs: Mapping[str, Sub] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lane:
    """What a node says that it holds of one lane, not verified. `head`, `sigs`: base64; `keys`:
    primary fingerprints of those of its keys that signed."""

    serial: int
    active: int
    head: str
    sigs: tuple[str, ...]
    keys: tuple[str, ...]
    hashes: Mapping[str, str]  # by address below the node


def status(found: Any) -> Status:
    """A Status of status.json."""
    found = versioned(found)
    return Status(
        pid=number(found, "pid"),
        start=number(found, "start"),
        boot=text(found, "boot"),
        version=text(found, "version"),
        program=text(found, "hash"),
        wall=number(found, "wall"),
        units=named(found, "units", _unit, MOST_UNITS),
    )


def sub(found: Any, depth: int = 1) -> Sub:
    """A Sub of sub/NAME.json."""
    if depth > DEEPEST:
        raise FormatError(f"pms nested deeper than {DEEPEST}")
    found = versioned(found)
    return Sub(
        read=number(found, "read"),
        alive=flag(found, "alive"),
        status=status(found["status"]) if found.get("status") else None,
        subs=named(found, "sub", lambda below: sub(below, depth + 1), MOST_PMS),
    )


def lanes(found: Any) -> dict[str, Lane]:
    """The lanes of held.json, by name."""
    return named(versioned(found), "lanes", _lane, 64)


def _lane(found: Any) -> Lane:
    return Lane(
        serial=number(found, "serial"),
        active=number(found, "active"),
        head=text(found, "head", MOST_HEAD),
        sigs=tuple(shape.items(found.get("sigs", []), "sigs", _signature, 16)),
        keys=tuple(shape.items(found.get("keys", []), "keys", shape.fingerprint, 16)),
        hashes=shape.table(found.get("hashes", {}), "hashes", _hash),
    )


def _unit(found: Any) -> Unit:
    return Unit(
        state=shape.choice(found.get("state"), "state", STATES),
        want=shape.choice(found.get("want", ""), "want", ("", UP, DOWN)),
        kind=text(found, "kind"),
        why=text(found, "why"),
        result=text(found, "result"),
        since=number(found, "since"),
        restarts=number(found, "restarts"),
        pid=number(found, "pid"),
        stale=text(found, "stale"),
        drift=flag(found, "drift"),
        detail=text(found, "detail"),
        waits_for=text(found, "waits_for"),
    )


def _signature(found: Any, where: str) -> str:
    return shape.text(found, where, 4096)


def _hash(found: Any, where: str) -> str:
    return shape.hexadecimal(found, where, 64)
