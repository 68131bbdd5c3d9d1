"""Events and rows as plain data for JSON: field names are the names in the code, none is left
out. Enough of `dataclasses.asdict`, without its deep copies."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


def event_name(event: object) -> str:
    """The name of an event in JSON: its class, in lower case."""
    return type(event).__name__.lower()


def plain(value: object) -> dict[str, Any]:
    """A dataclass as a dict of plain data."""
    if not is_dataclass(value):
        raise TypeError(type(value).__name__)
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value
