"""What `pm why` and `pm list-dependencies` printed on a node, read with doubt; and the whole
addresses in it. Nothing of it can drive a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from enve.core.foreign import flag, number, read, text, versioned
from enve.core.printable import printable
from enve.errors import FAILED
from enve.model.report import Problem, Result
from enve_pm.core import address, shape, story
from enve_pm.core.picture import KINDS, Knot
from enve_pm.core.refusal import FormatError

HINT = "look what its pm is, and what its login shell prints: ssh NODE true"
MOST_LINKS = 100
MOST_LINES = 50
MOST_UNITS = 100_000
Table = dict[str, Any]


def why(node: str, printed: str) -> Table:
    """The story of one unit, as `enve_pm.core.story` has it. Raises FormatError."""
    found = read(printed.strip(), "why", versioned)
    if found is None:
        raise FormatError("why: wanted a document, found nothing")
    chain = [_link(node, link) for link in _tables(found, "chain", MOST_LINKS)]
    if not chain:
        raise FormatError("why: a chain without a unit")
    return {
        "v": 1,
        "alive": flag(found, "alive"),
        "chain": chain,
        "job": _job(found.get("job")),
        "made": _full(node, made) if (made := text(found, "made")) else "",
        "log": [printable(str(line), 1000) for line in _list(found, "log", MOST_LINES)],
    }


def graph(node: str, printed: str) -> dict[str, Knot]:
    """Units by their whole address. Raises FormatError."""
    found = read(printed.strip(), "list-dependencies", versioned)
    if found is None or "units" not in found:
        raise FormatError("list-dependencies: wanted units, found none")
    units = shape.table(found["units"], "units", _object, MOST_UNITS)
    return {_full(node, name): _knot(node, unit) for name, unit in units.items()}


def unreadable(told: Result, error: FormatError) -> Result:
    """What is told in the place of an answer that is none: a failure of that node."""
    problem = Problem(f"what the node says is unreadable: {error}", FAILED, hint=HINT)
    return replace(told, outcome="failed", detail="unreadable", output="", problem=problem)


def _knot(node: str, unit: Table) -> Knot:
    edges = []
    for edge in _list(unit, "edges", MOST_UNITS):
        if not isinstance(edge, list) or len(edge) != 2 or edge[0] not in KINDS:
            raise FormatError("edges: wanted [need|want|after, UNIT]")
        edges.append((edge[0], _full(node, str(edge[1]))))
    return Knot(printable(text(unit, "state")), printable(text(unit, "result")), edges)


def _link(node: str, link: Table) -> Table:
    shown: Table = {"unit": _full(node, text(link, "unit"))}
    shown["relation"] = printable(text(link, "relation"), 40)
    for key in story.UNIT:
        value = link.get(key)
        if key in ("since", "restarts", "pid"):
            shown[key] = number(link, key)
        else:
            shown[key] = value is True if key == "drift" else printable(text(link, key), 500)
    return shown


def _job(value: Any) -> Table | None:
    if value is None:
        return None
    job = _object(value, "job")
    code = job.get("code")
    return {
        **{key: printable(text(job, key), 2000) for key in ("job", "step", "message")},
        "command": [printable(str(word), 500) for word in _list(job, "command", 1000)],
        "wall": number(job, "wall"),
        "ended": number(job, "ended"),
        "lasted": number(job, "lasted"),
        "code": code if isinstance(code, int) and abs(code) < 256 else None,
    }


def _object(value: Any, where: str) -> Table:
    if not isinstance(value, dict):
        raise FormatError(f"{where}: wanted an object")
    return value


def _full(node: str, unit: str) -> str:
    try:
        return address.format((node, *address.parse(unit)))
    except address.AddressError as error:
        raise FormatError(str(error)) from None


def _tables(found: Table, key: str, most: int) -> Iterable[Table]:
    return [_object(one, key) for one in _list(found, key, most)]


def _list(found: Table, key: str, most: int) -> list[Any]:
    value = found.get(key, [])
    if not isinstance(value, list) or len(value) > most:
        raise FormatError(f"{key}: wanted a list of at most {most}")
    return value
