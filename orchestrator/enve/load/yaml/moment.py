"""Dates in files: `2027-06-01` (00:00 UTC of that day) or `2027-06-01T12:30:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from enve.load.yaml.item import Item

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?Z)?")


def unix_seconds(item: Item, what: str) -> int:
    """The moment as unix seconds."""
    text = item.text(what)
    match = _FORM.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        clock = (match[2] or "00:00") + (match[3] or ":00")
        return int(datetime.fromisoformat(f"{match[1]}T{clock}").replace(tzinfo=UTC).timestamp())
    except ValueError:
        wanted = "a date such as 2027-06-01 or 2027-06-01T12:30:00Z"
        raise item.wanted(wanted, what) from None
