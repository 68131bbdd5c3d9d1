"""JSON that a node printed: strict, bounded, and fast (10,000 nodes are read in one go).

`enve_pm.core.canonical` reads what is signed; this is for display, and takes any spelling. Errors
are FormatErrors, whose text may repeat what was printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from enve_pm.core import shape
from enve_pm.core.address import AddressError, check_name, is_plain
from enve_pm.core.refusal import FormatError

T = TypeVar("T")
Table = dict[str, Any]
MOST_TEXT = 4096  # characters in one field


def _unique(pairs: list[tuple[str, Any]]) -> Table:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key stands twice in one object")
    return found


def _float(text: str) -> Any:
    raise FormatError(f"wanted an integer, found {text[:40]}")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_float, parse_constant=_float)


def read(text: str, what: str, reader: Callable[[Any], T]) -> T | None:
    """One JSON document through its reader; None where the node printed `-` or nothing."""
    if text in ("", "-"):
        return None
    try:
        return reader(_DECODER.decode(text))
    except RecursionError:
        raise FormatError(f"{what}: nested too deeply") from None
    except ValueError as error:
        raise FormatError(f"{what}: {error}") from None


def versioned(found: Any) -> Table:
    """A document of version 1."""
    document = _table(found, "the document")
    shape.version(document.get("v"), "v")
    return document


def name(text: str) -> str:
    """A name that can stand in an address."""
    if is_plain(text):  # nearly all are
        return text
    try:
        return check_name(text)
    except AddressError as error:
        raise FormatError(str(error)) from None


def named(found: Table, key: str, one: Callable[[Any], T], most: int) -> dict[str, T]:
    """A table of tables, by names that can stand in an address."""
    tables = shape.table(found.get(key, {}), key, _table, most)
    return {name(key): one(table) for key, table in tables.items()}


def text(found: Table, key: str, most: int = MOST_TEXT) -> str:
    """A text, "" where there is none."""
    return shape.text(found.get(key) or "", key, most, empty=True)


def number(found: Table, key: str) -> int:
    """A whole number from 0 up, 0 where there is none."""
    return shape.integer(found.get(key) or 0, key)


def flag(found: Table, key: str) -> bool:
    """True or false, false where there is neither."""
    return shape.flag(found.get(key, False), key)


def _table(found: Any, where: str) -> Table:
    if not isinstance(found, dict):
        raise FormatError(f"{where}: wanted an object")
    return found
