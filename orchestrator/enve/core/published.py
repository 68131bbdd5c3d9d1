"""What a node publishes (contracts, section 5), read strictly: status, sub-pms, held lanes.

A key of a newer version that is not known here is passed over; a known one that is wrong makes
the whole document unusable (`FormatError`): what a node prints is never trusted in parts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from enve_pm.core import shape
from enve_pm.core.address import AddressError, check_name, is_plain
from enve_pm.core.refusal import FormatError
from enve_pm.core.states import DOWN, STATES, UP

T = TypeVar("T")

MOST_UNITS = 10_000  # in one pm
MOST_PMS = 1_000  # in one pm
MOST_TEXT = 4096  # characters in one field
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
    """What a node says that it holds of one lane. `head`, `sigs`: base64, not verified."""

    serial: int
    active: int
    head: str
    sigs: tuple[str, ...]
    hashes: Mapping[str, str]  # by address below the node


def read(text: str, what: str, reader: Callable[[Any], T]) -> T | None:
    """One JSON document through its reader; None where the node printed `-` or nothing."""
    if text in ("", "-"):
        return None
    try:
        return reader(_DECODER.decode(text))
    except RecursionError:
        raise FormatError(f"{what}: nested too deeply") from None
    except ValueError as error:
        raise FormatError(f"{what}: {error}") from None


def status(found: Any) -> Status:
    """A Status of status.json."""
    found = _versioned(found)
    return Status(
        pid=_number(found, "pid"),
        start=_number(found, "start"),
        boot=_text(found, "boot"),
        version=_text(found, "version"),
        program=_text(found, "hash"),
        wall=_number(found, "wall"),
        units=_named(found, "units", _unit, MOST_UNITS),
    )


def sub(found: Any, depth: int = 1) -> Sub:
    """A Sub of sub/NAME.json."""
    if depth > DEEPEST:
        raise FormatError(f"pms nested deeper than {DEEPEST}")
    found = _versioned(found)
    return Sub(
        read=_number(found, "read"),
        alive=_flag(found, "alive"),
        status=status(found["status"]) if found.get("status") else None,
        subs=_named(found, "sub", lambda below: sub(below, depth + 1), MOST_PMS),
    )


def lanes(found: Any) -> dict[str, Lane]:
    """The lanes of held.json, by name."""
    return _named(_versioned(found), "lanes", _lane, 64)


def name(text: str) -> str:
    """A name that can stand in an address."""
    if is_plain(text):  # nearly all are
        return text
    try:
        return check_name(text)
    except AddressError as error:
        raise FormatError(str(error)) from None


def _lane(found: Any) -> Lane:
    return Lane(
        serial=_number(found, "serial"),
        active=_number(found, "active"),
        head=_text(found, "head", MOST_HEAD),
        sigs=tuple(shape.items(found.get("sigs", []), "sigs", _signature, 16)),
        hashes=shape.table(found.get("hashes", {}), "hashes", _hash),
    )


def _unit(found: Any) -> Unit:
    return Unit(
        state=shape.choice(found.get("state"), "state", STATES),
        want=shape.choice(found.get("want", ""), "want", ("", UP, DOWN)),
        kind=_text(found, "kind"),
        why=_text(found, "why"),
        result=_text(found, "result"),
        since=_number(found, "since"),
        restarts=_number(found, "restarts"),
        pid=_number(found, "pid"),
        stale=_text(found, "stale"),
        drift=_flag(found, "drift"),
        detail=_text(found, "detail"),
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key stands twice in one object")
    return found


def _float(text: str) -> Any:
    raise FormatError(f"wanted an integer, found {text[:40]}")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_float, parse_constant=_float)


def _versioned(found: Any) -> dict[str, Any]:
    shape.version(_object(found, "the document").get("v"), "v")
    return _object(found, "the document")


def _object(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise FormatError(f"{where}: wanted an object")
    return found


def _named(found: dict[str, Any], key: str, one: Callable[[Any], T], most: int) -> dict[str, T]:
    """A table by names that can stand in an address."""
    table = shape.table(found.get(key, {}), key, _object, most)
    return {name(key): one(value) for key, value in table.items()}


def _text(found: dict[str, Any], key: str, most: int = MOST_TEXT) -> str:
    return shape.text(found.get(key) or "", key, most, empty=True)


def _signature(found: Any, where: str) -> str:
    return shape.text(found, where, 4096)


def _hash(found: Any, where: str) -> str:
    return shape.hexadecimal(found, where, 64)


def _number(found: dict[str, Any], key: str) -> int:
    return shape.integer(found.get(key) or 0, key)


def _flag(found: dict[str, Any], key: str) -> bool:
    return shape.flag(found.get(key, False), key)
