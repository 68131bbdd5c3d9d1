"""What a client reads of a pm's HOME: states, parameters. It works when pm is dead too."""

from __future__ import annotations

import os
import stat

from enve_pm.core import address
from enve_pm.core.filename import quote, unquote
from enve_pm.shell import listing, where, words
from enve_pm.shell.state import foreign
from enve_pm.shell.words import FAILED, REFUSED, USAGE, Failure
from enve_pm.wire import nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

NOT_YOURS = "%s is not yours to read; use its owner's login"
LARGEST = 64 << 20  # bytes of a status file
LINE = 1 << 20  # ... of that of a unit


def status(home: str) -> dict[str, Any]:
    """status.json. Raises Failure."""
    try:
        shown = document(f"{home}/public/status.json")
        return shown if _trusted(home) else nested.clean_status(shown) or {}
    except FileNotFoundError:
        raise Failure(
            FAILED, f"no pm has run in {home} yet; start it with: pm host start"
        ) from None


def outdated(home: str) -> str:
    """What there is to say of states that the disk takes no newer ones of, else nothing."""
    try:
        old = os.lstat(f"{home}/public/status.json").st_mode & stat.S_ISVTX
    except OSError:
        return ""
    told = f"the disk of {home} takes nothing more: these are states of an earlier moment"
    return told if old else ""


def subs(home: str) -> dict[str, Any]:
    """What sub/NAME.json say, by NAME."""
    trusted = _trusted(home)
    found = {}
    folder = f"{home}/public/sub"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(".json") and not name.startswith("."):
            try:
                shown = document(f"{folder}/{name}")
                found[address.check_name(unquote(name[:-5]))] = (
                    shown if trusted else nested.clean_sub(shown) or {}
                )
            except (FileNotFoundError, ValueError):
                continue  # it goes just now, or is none of ours
    return found


def _trusted(home: str) -> bool:
    """Whether what it shows is root's or our own word; another login's pm is a stranger's."""
    return os.stat(home).st_uid in (0, os.geteuid())


def document(path: str, what: str = "", most: int = LARGEST) -> dict[str, Any]:
    """A JSON object; `what` it is called, else by its path. Raises Failure, FileNotFoundError."""
    try:
        with open(foreign.regular(path), "rb") as file:
            value = nested.loads(file.read(most))
    except PermissionError:
        raise Failure(REFUSED, NOT_YOURS % (what or path)) from None
    except (ValueError, RecursionError):
        raise Failure(FAILED, f"{what or path} holds no JSON") from None
    except foreign.Irregular as error:
        raise Failure(FAILED, f"{what or path}: {error}") from None
    return value if isinstance(value, dict) else {}


def parameter(home: str, path: Sequence[str]) -> dict[str, Any]:
    """The line of a unit, by the names that lead to it. Raises Failure."""
    *above, unit = path
    name = address.format(path) if above else unit
    place = folder(home, above, "units/" + quote(unit), name)
    try:
        return document(f"{place}/parameter", f"the line of {name}", LINE)
    except FileNotFoundError:
        raise unknown(home, name) from None
    finally:
        where.close(place)


def unknown(home: str, name: str) -> Failure:
    """There is no unit of this address: the nearest one, where there is any."""
    try:
        rows = listing.rows(status(home), subs(home))
        known = [one for one in (address.format(row) for row, _ in rows) if one != name]
    except Failure:
        known = []
    return Failure(USAGE, f"no unit {name}{words.nearest(name, known) or '; pm list shows all'}")


def folder(home: str, above: Sequence[str], name: str, unit: str = "") -> str:
    """A folder of the pm that these names lead to; it is there if the `unit` is. Raises Failure."""
    try:
        return where.nested(home, above, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        if unit and isinstance(error, FileNotFoundError):
            raise unknown(home, unit) from None
        raise Failure(USAGE, f"there is no {error.filename}; pm list shows all units") from None
    except PermissionError as error:
        raise Failure(REFUSED, NOT_YOURS % error.filename) from None


def steps(name: str) -> tuple[str, ...]:
    """The names of an address below this pm. Raises Failure."""
    try:
        return tuple(address.parse(name))
    except address.AddressError as error:
        raise Failure(USAGE, str(error)) from None


def choice(options: Mapping[str, str], known: Sequence[str]) -> str:
    """The value of -o, the first one where it was not given. Raises Failure."""
    output = options.get("-o", known[0])
    if output not in known:
        raise Failure(USAGE, f"-o: wanted {', '.join(known)}, found {output!r}")
    return output


def alive(shown: Mapping[str, Any]) -> bool:
    """Does the pm that wrote this still run? Its pid, start time and boot id must match."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open(f"/proc/{int(shown['pid'])}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except (OSError, KeyError, ValueError):
        return False
    same = (shown.get("boot"), shown.get("start")) == (boot, int(fields[19]))
    return same and fields[0] != b"Z"


def edges(line: Mapping[str, Any], above: Iterable[str]) -> list[tuple[str, str]]:
    """What a line needs, wants and waits for, as (kind, address). It may be anybody's: what is no
    name is left out."""
    kinds = (("need", "needs"), ("want", "wants"), ("after", "after"))
    inside = tuple(above)
    return [
        (kind, address.format((*inside, other)))
        for kind, key in kinds
        for other in names(line.get(key))
    ]


def names(value: Any) -> list[str]:
    """Those of units in a list that anybody may have written."""
    return [one for one in value if nested.is_name(one)] if isinstance(value, list) else []
