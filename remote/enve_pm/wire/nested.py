"""What a sub-pm says of itself, cleaned: its user may be anybody, and its words end up on the
terminals of operators and in files that the parent publishes.

Every value is of the type that contracts, section 5, gives it, bounded and printable; what is not
is left out, one unit at a time. Nothing here raises for a strange value.
"""

from __future__ import annotations

from _json import make_scanner

from enve_pm.core import address, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALL = 16_384  # units and pms in all that one sub-pm shows of itself and of those in it
SUBS = 64  # sub-pms of one pm
DEPTH = 8  # pms in pms
TEXT = 300  # characters of a text
LARGEST = 2**53 - 1
LONG = 20  # digits; no number of ours has so many

_TEXTS = ("kind", "why", "result", "stale", "detail")
_NUMBERS = ("since", "restarts", "pid")


class Room:
    """How many units and pms may still be taken in: rows are cheap to write, and dear to read."""

    __slots__ = ("left",)

    def __init__(self, left: int = ALL) -> None:
        self.left = left


def clean_status(value: Any, room: Room | None = None) -> dict[str, Any] | None:
    """A status.json, or None when it is none."""
    if not isinstance(value, dict) or value.get("v") != 1:
        return None
    units = value.get("units")
    return {
        "v": 1,
        "pid": number(value.get("pid")),
        "start": number(value.get("start")),
        "boot": text(value.get("boot")),
        "version": text(value.get("version")),
        "hash": text(value.get("hash")),
        "wall": number(value.get("wall")),
        "units": _table(units, ALL, _unit, room or Room()),
    }


def clean_sub(value: Any, depth: int = 1, room: Room | None = None) -> dict[str, Any] | None:
    """A sub/NAME.json, or None when it is none or lies too deep."""
    room = room or Room()
    if not isinstance(value, dict) or value.get("v") != 1 or depth > DEPTH:
        return None
    return {
        "v": 1,
        "read": number(value.get("read")),
        "alive": value.get("alive") is True,
        "status": clean_status(value.get("status"), room),
        "sub": _table(value.get("sub"), SUBS, lambda one: clean_sub(one, depth + 1, room), room),
    }


def text(value: Any) -> str:
    """A printable text; signs that could steer a terminal become `?`."""
    if not isinstance(value, str):
        return ""
    return "".join(sign if sign.isprintable() else "?" for sign in value[:TEXT])


def number(value: Any) -> int:
    good = type(value) is int and 0 <= value <= LARGEST
    return int(value) if good else 0


def loads(data: bytes) -> Any:
    """JSON that anybody may have written, of whatever types (only the C parser is quick enough for
    strangers). A number far longer than any of ours is -1: older Pythons take minutes for a million
    digits. Raises ValueError, RecursionError."""
    words = data.decode("utf-8").strip(" \t\n\r")
    try:
        value, end = _scan(words, 0)
    except StopIteration:
        raise ValueError("wanted JSON, found nothing of it") from None
    if end != len(words):
        raise ValueError("more than one JSON value")
    return value


class _Rules:
    """How the C code that the json package stands on reads: to load the package takes longer."""

    strict = True  # no control character in a string
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float

    @staticmethod
    def parse_int(digits: str) -> int:
        return int(digits) if len(digits) < LONG else -1


_scan = make_scanner(_Rules)  # type: ignore[arg-type]


def is_name(value: Any) -> bool:
    """Can this name a unit?"""
    try:
        return isinstance(value, str) and address.check_name(value) == value
    except address.AddressError:
        return False


def _unit(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or value.get("state") not in states.STATES:
        return None
    row: dict[str, Any] = {key: text(value.get(key)) for key in _TEXTS}
    row.update((key, number(value.get(key))) for key in _NUMBERS)
    row["state"] = value["state"]
    row["want"] = states.UP if value.get("want") == states.UP else states.DOWN
    row["drift"] = value.get("drift") is True
    if value.get("waits_for"):
        row["waits_for"] = text(value["waits_for"])
    return row


def _table(value: Any, most: int, clean: Any, room: Room) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    rows = {}
    for name in list(value)[:most]:
        if room.left <= 0:
            break
        room.left -= 1
        row = clean(value[name]) if is_name(name) else None
        if row is not None:
            rows[name] = row
    return rows
