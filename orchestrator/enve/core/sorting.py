"""The order of rows: by address as people count (web2 before web10), or by another column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from enve.model.report import Row

# Trouble first: what one looks for in a long list.
_STATES = ("FAIL", "STARTING_FAIL", "", "SCHE_START", "STARTING", "SCHE_STOP", "STOPPING")

KEYS: dict[str, Callable[[Row], Any]] = {
    "address": lambda row: (),
    "state": lambda row: (_STATES.index(row.state) if row.state in _STATES else 99, row.state),
    "since": lambda row: -row.since,  # the youngest first
    "restarts": lambda row: -row.restarts,
    "pid": lambda row: row.pid,
    "detail": lambda row: row.detail,
    "node": lambda row: natural(row.node),
    "spot": lambda row: natural(row.spot),
    "commit": lambda row: row.commit,
    "plan": lambda row: row.plan,
    "key": lambda row: row.key,
    "drift": lambda row: not row.drift,
}


def by(rows: Iterable[Row], column: str = "address") -> list[Row]:
    """The rows in the order of one column, equal ones by address."""
    key = KEYS[column]
    return sorted(rows, key=lambda row: (key(row), natural(row.address)))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that puts web2 before web10, and a name before the names below it."""
    return tuple(
        (0, int(piece[:18]), piece) if piece.isascii() and piece.isdigit() else (1, 0, piece)
        for piece in re.split(r"([0-9]+|\.)", text)
        if piece
    )
