"""The columns of a listing: how each is shown to people, and its plain value for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from enve.core.printable import printable
from enve.model.report import Row

Value = str | int | bool


class Column(NamedTuple):
    """`text` takes the row and the time now in unix milliseconds."""

    text: Callable[[Row, int], str]
    value: Callable[[Row], Value]


def _plain(field: str) -> Column:
    def value(row: Row) -> Value:
        found: Value = getattr(row, field)
        return found

    return Column(lambda row, now: printable(str(value(row))) or "-", value)


COLUMNS: dict[str, Column] = {
    "address": _plain("address"),
    "state": _plain("state"),
    "since": Column(lambda row, now: ago(now - row.since) if row.since else "-", lambda r: r.since),
    "restarts": Column(lambda r, now: str(r.restarts) if r.state else "-", lambda r: r.restarts),
    "pid": Column(lambda row, now: str(row.pid) if row.pid else "-", lambda row: row.pid),
    "detail": Column(lambda row, now: printable(row.detail), lambda row: row.detail),
    "node": _plain("node"),
    "spot": _plain("spot"),
    "commit": _plain("commit"),
    "plan": _plain("plan"),
    "key": _plain("key"),
    "drift": Column(lambda row, now: "drift" if row.drift else "-", lambda row: row.drift),
}
NARROW = ("address", "state", "since", "restarts", "pid", "detail")
WIDE = (*NARROW[:-1], "node", "spot", "commit", "plan", "key", "drift", "detail")


def ago(milliseconds: int) -> str:
    """An age in one unit: `5s`, `3m`, `4h`, `2d`."""
    seconds = max(milliseconds, 0) // 1000
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
