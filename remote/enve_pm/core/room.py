"""The keys of a unit that say what its processes find themselves in, and with which rights.

`UnitSpec.room` holds those that a line names. A unit that names none is started as ever.
"""

from __future__ import annotations

from enve_pm.core import capability, listening, rootpath, target, terminal, walls
from enve_pm.core.fieldcheck import (
    Bad,
    boolean,
    integer,
    places,
    record,
    strings,
    unit_name,
)
from enve_pm.core.inside import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from enve_pm.core.fieldcheck import Check
    from enve_pm.core.unit import UnitSpec

BIG = 2**53 - 1
NAMESPACES = ("ipc", "pid", "uts")
_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")


def _read_only(value: Any) -> Any:
    """true: all but the spot's directory and `writable`; or these paths."""
    if value is True:
        return value
    if isinstance(value, bool):
        raise Bad("true, or a list of absolute paths", value)
    return places(value)


def _hidden(value: Any) -> Any:
    places(value)
    if "/" in value:
        raise Bad("paths below /", "/")
    return value


def _hostname(value: Any) -> Any:
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or not _HOST.issuperset(value):
        raise Bad("a name of 1 to 64 letters, digits, - and .", value)
    return value


def _jail(value: Any) -> Any:
    if value is not True:
        raise Bad("true", value)
    return value


def _limits(value: Any) -> Any:
    record({}, LIMITS)(value)
    if not value:
        raise Bad("one of " + " ".join(LIMITS), "nothing")
    return value


# cpu: in thousandths of one CPU · memory: in bytes · pids: how many
LIMITS: Mapping[str, Check] = {
    "cpu": integer(10, 1_000_000),
    "memory": integer(65536, BIG),
    "pids": integer(1, 4_194_304),
}
FIELDS: Mapping[str, Check] = {
    "capabilities": strings(*capability.NAMES),
    "no_new_privs": boolean,
    "oom_score_adj": integer(-1000, 1000),
    "limits": _limits,
    "private_tmp": boolean,
    "read_only": _read_only,
    "writable": places,
    "hidden": _hidden,
    "namespaces": strings(*NAMESPACES),
    "hostname": _hostname,
    "net": unit_name,
    "root": unit_name,
    "jail": _jail,
    "users": integer(walls.FIRST, walls.LAST),
    "sockets": listening.body,
    "terminal": terminal.body,
}


def of(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a line says of it."""
    if FIELDS.keys().isdisjoint(line):
        return _EMPTY
    return {key: line[key] for key in FIELDS if key in line}


def flaw(spec: UnitSpec) -> tuple[str, str, object] | None:
    """What does not go together in it: (key, wanted, found)."""
    room = spec.room
    if spec.mode:
        wrong = walls.flaw(spec.mode, room)
        if wrong is not None:
            return wrong
    for key in ("root", "net"):
        name = room.get(key, NONE)
        if name not in (NONE, *spec.needs) or (key == "root" and room.get(key) == NONE):
            return key, "a unit that stands in needs", name
    for key, how in (("ready", spec.ready["how"]), ("health", spec.health.get("how"))):
        if "net" in room and how in (target.TCP, target.HTTP):
            return key, "a command that asks, as its network is its own", how
    if "writable" in room and room.get("read_only") is not True:
        return "writable", "no such key, as read_only is not true", room["writable"]
    if "pid" in room.get("namespaces", ()) and spec.ready["how"] == "pidfile":
        return "ready", "another way than a pid file, as its pids are its own", "pidfile"
    return _of_process(spec)


def _of_process(spec: UnitSpec) -> tuple[str, str, object] | None:
    for key in ("sockets", "terminal"):
        if key in spec.room and spec.kind != "process":
            return key, "no such key, as kind is " + spec.kind, spec.room[key]
    end = listening.FIRST + len(spec.room.get("sockets", ()))
    if spec.ready.get("fd", end) < end:
        return "ready", "a descriptor from %d on, after those of sockets" % end, spec.ready["fd"]
    return None


# What a key names is a unit of this kind.
KINDS = {"root": "subroot", "net": "network"}
_CALLED = {"root": "subroot", "net": "network namespace"}


def misplaced(units: Mapping[str, UnitSpec]) -> Iterator[tuple[UnitSpec, str, str, str]]:
    """Units of one pm that name as their root or network what is none: (unit, key, name, kind that
    is wanted)."""
    for spec in units.values():
        for key in KINDS:
            other = units.get(spec.room.get(key, ""))
            if other is not None and not _fits(key, other):
                yield spec, key, other.unit, _CALLED[key]
        for key, name in rootpath.units(spec.raw.get("mount", _EMPTY)).items():
            other = units.get(name)
            if other is not None and other.kind not in (KINDS["root"], "subpm"):
                yield spec, "mount." + key, name, _CALLED["root"]


def _fits(key: str, other: UnitSpec) -> bool:
    if other.kind != KINDS[key] or key != "net":
        return other.kind == KINDS[key]
    from enve_pm.core.network import netns_path  # most pms have no network

    return bool(netns_path(other))


_EMPTY: Mapping[str, Any] = {}
