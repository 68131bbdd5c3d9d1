"""The verbs that only read: list, status, cat, list-dependencies. They work when pm is dead too."""

from __future__ import annotations

import json
import os
import sys
import time

from enve_pm.core import address
from enve_pm.core.filename import quote, unquote
from enve_pm.shell import listing, where, words
from enve_pm.shell.words import FAILED, OK, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

LARGEST = 64 << 20  # bytes of a status file
OUTPUTS = ("table", "json", "name")


def units(verb: str, arguments: Sequence[str]) -> int:
    """`pm list [PATTERN...] [-o table|json|name]`."""
    options, patterns = words.split(arguments, {**where.FLAGS, "-o": True})
    output = _choice(options, OUTPUTS)
    home = where.home(options)
    status = _status(home)
    found = listing.chosen(listing.rows(status, _subs(home)), patterns)
    if patterns and not found:
        raise Failure(USAGE, f"no unit matches {' '.join(patterns)}; pm list shows all")
    _print(found, output)
    if not alive(status):
        print(f"pm: pm is not running in {home}; these are its last states", file=sys.stderr)
        return FAILED
    return OK


def _print(found: Sequence[Any], output: str) -> None:
    if output == "json":
        print(json.dumps({address.format(row): unit for row, unit in found}, indent=2))
    elif output == "name":
        print("".join(f"{address.format(row)}\n" for row, _ in found), end="")
    else:
        print("\n".join(listing.table(found, time.time_ns() // 1_000_000)))


def status(verb: str, arguments: Sequence[str]) -> int:
    """`pm status`: is it alive, which program, how many units in which state. Exit 3 when dead."""
    options, _ = words.split(arguments, where.FLAGS)
    home = where.home(options)
    shown = _status(home)
    lives = alive(shown)
    counts: dict[str, int] = {}
    for _, unit in listing.rows(shown, _subs(home)):
        counts[unit.get("state", "?")] = counts.get(unit.get("state", "?"), 0) + 1
    print(f"pm {shown.get('version', '?')} ({shown.get('hash') or 'not installed'}) in {home}")
    print(f"running, pid {shown.get('pid')}" if lives else "not running; start it with: pm run")
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no units")
    return OK if lives else FAILED


def cat(verb: str, arguments: Sequence[str]) -> int:
    """`pm cat UNIT...`: the parameters as pm has them, one JSON object a unit."""
    options, names = words.split(arguments, where.FLAGS)
    if not names:
        raise Failure(USAGE, "which unit? pm cat UNIT...")
    home = where.home(options)
    for name in names:
        print(json.dumps(_parameter(home, name), indent=2, sort_keys=True, ensure_ascii=False))
    return OK


def dependencies(verb: str, arguments: Sequence[str]) -> int:
    """`pm list-dependencies [UNIT...] [-o text|dot]`."""
    options, names = words.split(arguments, {**where.FLAGS, "-o": True})
    output = _choice(options, ("text", "dot"))
    home = where.home(options)
    edges = _edges(home, ())
    for above in {_above(name) for name in names} - {()}:
        edges.update(_edges(home, above))
    unknown = [name for name in names if name not in edges]
    if unknown:
        raise Failure(USAGE, f"no unit {unknown[0]}{words.nearest(unknown[0], list(edges))}")
    lines = listing.dot(edges) if output == "dot" else listing.tree(edges, names or sorted(edges))
    print("\n".join(lines))
    return OK


def _choice(options: Mapping[str, str], known: Sequence[str]) -> str:
    output = options.get("-o", known[0])
    if output not in known:
        raise Failure(USAGE, f"-o: wanted {', '.join(known)}, found {output!r}")
    return output


def alive(status: Mapping[str, Any]) -> bool:
    """Does the pm that wrote this still run? Its pid, start time and boot id must match."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open(f"/proc/{int(status['pid'])}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except (OSError, KeyError, ValueError):
        return False
    return (status.get("boot"), status.get("start")) == (boot, int(fields[19])) and fields[
        0
    ] != b"Z"


def _status(home: str) -> dict[str, Any]:
    path = f"{home}/public/status.json"
    try:
        return _json(path)
    except FileNotFoundError:
        raise Failure(FAILED, f"no pm has run in {home} yet; start it with: pm run") from None


def _subs(home: str) -> dict[str, Any]:
    found = {}
    folder = f"{home}/public/sub"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(".json") and not name.startswith("."):
            try:
                found[unquote(name[:-5])] = _json(f"{folder}/{name}")
            except (FileNotFoundError, ValueError):
                continue  # it goes just now, or is none of ours
    return found


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(LARGEST))
    except PermissionError:
        raise Failure(REFUSED, f"{path} is not yours to read; use its owner's login") from None
    except ValueError:
        raise Failure(FAILED, f"{path} holds no JSON") from None
    return value if isinstance(value, dict) else {}


def _parameter(home: str, name: str) -> dict[str, Any]:
    *above, unit = _parse(name)
    try:
        return _json(f"{where.nested(home, above)}/units/{quote(unit)}/parameter")
    except FileNotFoundError:
        raise Failure(USAGE, f"no unit {name}; pm list shows all") from None


def _parse(name: str) -> tuple[str, ...]:
    try:
        return tuple(address.parse(name))
    except address.AddressError as error:
        raise Failure(USAGE, str(error)) from None


def _above(name: str) -> tuple[str, ...]:
    """The nested pms that a unit lies in; none for our own."""
    return _parse(name)[:-1] if "." in name else ()


def _edges(home: str, above: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    """What the units of one pm need, want and wait for; nested ones under their addresses."""

    def named(unit: str) -> str:
        return address.format((*above, unit)) if above else unit

    edges = {}
    folder = f"{where.nested(home, above)}/units"
    for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        try:
            unit, line = unquote(entry), _json(f"{folder}/{entry}/parameter")
        except (FileNotFoundError, ValueError):
            continue  # it comes or goes just now, or is none of ours
        kinds = (("need", "needs"), ("want", "wants"), ("after", "after"))
        edges[named(unit)] = [
            (kind, named(other)) for kind, key in kinds for other in line.get(key, ())
        ]
    return edges


COMMANDS: dict[str, Callable[[str, Sequence[str]], int]] = {
    "list": units,
    "status": status,
    "cat": cat,
    "list-dependencies": dependencies,
}
