"""Two blueprints of a node compared; the older one comes from the node, so all of it is doubted."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from enve.core.printable import printable

MAX_DEPTH = 8
MOST_PAIRS = 50_000_000  # of lines: what a comparison may come to look at, some seconds


def describe(old: bytes, new: bytes) -> tuple[str, str]:
    """In a few words (`+2 -1 spots, +1 keyhole`), and line by line."""
    before, after = read_object(old), read_object(new)
    words = [
        *_count("spot", set(spots(before)), set(spots(after))),
        *_count("keyhole", _holes(before), _holes(after)),
    ]
    rows, wanted = _pretty(before), _pretty(after)
    if len(rows) * len(wanted) > MOST_PAIRS:
        return ", ".join([*words, "too large to be compared line by line"]), ""
    lines = difflib.unified_diff(rows, wanted, "deployed", "wanted", lineterm="")
    return ", ".join(words), "\n".join(lines)


def _count(name: str, before: set[Any], after: set[Any]) -> list[str]:
    """`+2 -1 spots`; nothing when they are the same."""
    groups = (("+", after - before), ("-", before - after))
    told = [f"{sign}{len(group)}" for sign, group in groups if group]
    one = told in (["+1"], ["-1"])
    return [" ".join([*told, name if one else f"{name}s"])] if told else []


def read_object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _pretty(value: dict[str, Any]) -> list[str]:
    shown = {key: part for key, part in value.items() if key != "node"}  # equal nodes are grouped
    if not shown:
        return []
    text = json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False)
    return [printable(line, 1000) for line in text.splitlines()]


def _holes(value: dict[str, Any]) -> set[str]:
    rows = value.get("keyholes")
    rows = rows if isinstance(rows, list) else []
    return {str(row.get("fpr")) for row in rows if isinstance(row, dict)}


def spots(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The steps to every spot of a blueprint's JSON, which may come from a node."""
    if not isinstance(value, dict) or len(above) > MAX_DEPTH:
        return
    for name in table(value.get("spots")):
        yield (*above, str(name))
    for name, pm in table(value.get("pms")).items():
        yield from spots(pm, (*above, str(name)))


def table(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
