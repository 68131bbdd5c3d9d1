"""Patterns without wildcards name their units themselves: nobody has to be asked first."""

from __future__ import annotations

from collections.abc import Iterable

from enve.core.selection import Rule, Selection
from enve_pm.core import address


def whole_nodes(meant: Selection) -> Iterable[Rule]:
    """The rules that add nodes as a whole instead of units."""
    return (rule for rule in meant.rules if not rule.sign and rule.below is None)


def units(meant: Selection, node: str) -> list[str] | None:
    """The addresses below the node that are meant; None when that takes a look at the node."""
    added = [rule for rule in meant.rules if not rule.sign and node in rule.nodes]
    if any(rule.sign for rule in meant.rules) or not all(map(_is_literal, added)):
        return None
    return list(dict.fromkeys(address.format(rule.below.segments) for rule in added if rule.below))


def _is_literal(rule: Rule) -> bool:
    segments = rule.below.segments if rule.below else ("",)
    return all(name and "*" not in name and "?" not in name for name in segments)
