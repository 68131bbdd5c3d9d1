"""`enve.core.ranges` for values that stand in a file: errors get their place."""

from __future__ import annotations

from collections.abc import Mapping

from enve.core import ranges
from enve.core.ranges import RangeError, is_range
from enve.load.yaml.item import Item

__all__ = ["expand", "fill", "is_range"]


def expand(name: str, item: Item) -> list[tuple[str, dict[str, str]]]:
    """Each name that `name` stands for, with what fills the values of its node."""
    try:
        return list(ranges.expand(name))
    except RangeError as error:
        raise item.bad(str(error), hint=error.hint) from None


def fill(text: str, places: Mapping[str, str], item: Item, what: str) -> str:
    """`{{ index }}` and `{{ name }}` put into a value."""
    try:
        return ranges.fill(text, places)
    except RangeError as error:
        raise item.bad(f"{what}: {error}", hint=error.hint) from None
