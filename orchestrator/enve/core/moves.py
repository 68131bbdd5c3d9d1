"""Spots that run on one node only (`single: true`) and move from one node to another.

One head covers both nodes; the one that gives the spot up goes first, and the one that gets it
only after the first has applied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from enve.core.linechange import parse
from enve.errors import InputError
from enve_pm.core.part import Part

SINGLE = '"single":true'  # as canonical JSON has it


def any_single(parts: Mapping[str, Part]) -> bool:
    """Whether any line may be a single spot: a quick look."""
    return any(SINGLE in text for part in parts.values() for text in part.lines.values())


def waits(
    parts: Mapping[str, Part], held: Mapping[str, Collection[str]]
) -> dict[str, dict[str, str]]:
    """For every node that has to wait: which nodes for, and because of which spot.

    `held`: the names of the lines that each node holds now, as far as it is known. Raises
    InputError when a single spot would run on two nodes, or nodes would wait in a circle.
    """
    runs = _single(parts)
    found: dict[str, dict[str, str]] = {}
    for name, node in runs.items():
        for other in sorted(held):
            if other != node and name in held[other] and name not in held.get(node, ()):
                found.setdefault(node, {})[other] = name
    _no_circle(found)
    return found


def _single(parts: Mapping[str, Part]) -> dict[str, str]:
    """Which node each single spot shall run on."""
    runs: dict[str, str] = {}
    for node in sorted(parts):
        for name, text in parts[node].lines.items():
            if SINGLE in text and _up(text):
                if name in runs:
                    raise InputError(
                        f"'{name}' is single, and the plan runs it on {runs[name]} and {node}",
                        hint="let its address match one node, or take `single` away",
                    )
                runs[name] = node
    return runs


def _up(text: str) -> bool:
    line = parse(text)
    return line.get("single") is True and line.get("want", "up") == "up"


def _no_circle(found: Mapping[str, Mapping[str, str]]) -> None:
    for start in found:
        seen, front = {start}, set(found[start])
        while front:
            if start in front:
                raise InputError(
                    f"single spots would move in a circle through {start}",
                    hint="march one of them first, or say --allow-both",
                )
            seen |= front
            front = {far for near in front for far in found.get(near, ())} - (seen - {start})
