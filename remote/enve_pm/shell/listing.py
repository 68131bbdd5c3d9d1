"""What the public files of a pm say, as rows, and rows as a table; pure."""

from __future__ import annotations

from enve_pm.core import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Segments = tuple[str, ...]
    Row = tuple[Segments, Mapping[str, Any]]

HEADINGS = ("UNIT", "STATE", "SINCE", "RESTARTS", "PID", "DETAIL")
NUMBERS = ("RESTARTS", "PID")  # stand at the right
SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"))


def rows(
    status: Mapping[str, Any], subs: Mapping[str, Any], above: Segments = (), alive: bool = True
) -> Iterator[Row]:
    """Every unit, those of nested pms behind their sub-pm: (segments below the node, UNIT).
    `status` is status.json, `subs` what sub/NAME.json say, by NAME. A sub-pm that is not alive
    leaves the last states of its units: {..., "alive": False}."""
    units = status.get("units", {})
    for name in sorted({*units, *subs}):
        if name in units:
            yield (*above, name), units[name] if alive else {**units[name], "alive": False}
        if name in subs:
            inner = subs[name]
            inside = inner.get("status") or {}, inner.get("sub") or {}
            yield from rows(*inside, (*above, name), alive and inner.get("alive", True))


def chosen(found: Iterable[Row], patterns: Sequence[str]) -> list[Row]:
    """The rows that one of the patterns selects; all without a pattern."""
    if not patterns:
        return list(found)
    tests = [address.Pattern.parse(text) for text in patterns]
    return [row for row in found if any(test.match(row[0]) for test in tests)]


def table(found: Sequence[Row], now: int) -> list[str]:
    """Lines of a table with a heading. `now`: UNIX ms."""
    cells = [HEADINGS, *(_cells(segments, unit, now) for segments, unit in found)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADINGS))]
    return ["  ".join(_align(row, widths)).rstrip() for row in cells]


def _align(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for heading, cell, width in zip(HEADINGS, row, widths):  # noqa: B905
        yield cell.rjust(width) if heading in NUMBERS else cell.ljust(width)


def _cells(segments: Segments, unit: Mapping[str, Any], now: int) -> tuple[str, ...]:
    pid = unit.get("pid") or "-"
    since = age(now - unit.get("since", now))
    restarts = str(unit.get("restarts", 0))
    return address.format(segments), unit.get("state", "?"), since, restarts, str(pid), detail(unit)


def detail(unit: Mapping[str, Any]) -> str:
    """What a person wants to know beside the state."""
    parts = [
        "" if unit.get("alive", True) else "(last known)",
        "" if unit.get("result", "ok") == "ok" else unit["result"],
        f"wants {unit['want']}" if _unmet(unit) else "",
        f"needs {unit['stale']}" if unit.get("stale") else "",
        f"DRIFT {unit.get('why', '')}".strip() if unit.get("drift") else "",
        unit.get("detail", ""),
    ]
    return ", ".join(" ".join(part.split()) for part in parts if part)


def _unmet(unit: Mapping[str, Any]) -> bool:
    settled = {"up": "RUNNING", "down": "STOPPED"}
    return unit.get("state") != settled.get(unit.get("want", ""), unit.get("state"))


def age(ms: int) -> str:
    """A span of time in one unit: `45s`, `3h`, `12d`."""
    for length, letter in SPANS:
        if ms >= length:
            return f"{ms // length}{letter}"
    return "now"
