"""Rows of a listing in the formats of -o. JSON, YAML, CSV and names are pure: nothing else is
printed on stdout beside them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from enve.cli.color import STATE_STYLE, Paint, is_terminal, wanted
from enve.cli.table import table
from enve.core import columns, tally
from enve.core.encode import plain
from enve.core.printable import printable
from enve.model.report import VERSION, Row


class Listing:
    """All rows found, and those that the filters left, in the order to show."""

    def __init__(self, found: Sequence[Row], shown: Sequence[Row], now: int) -> None:
        self.found = found
        self.shown = shown
        self.now = now

    @property
    def code(self) -> int:
        """The exit code."""
        return tally.code(self.found)


def text(listing: Listing, args: Namespace) -> str:
    """The whole answer, with its last line feed; "" when there is nothing to print."""
    lines = FORMATS[args.output](listing, args)
    return "".join(f"{line}\n" for line in lines)


def _table(listing: Listing, args: Namespace) -> Iterable[str]:
    names = columns.WIDE if args.output == "wide" else columns.NARROW
    rows = cells(listing, names, headers=not args.no_headers)
    yield from table(rows, width=_room(args), style=_style(names, args))
    if not args.no_headers:
        yield tally.footer(listing.found, len(listing.shown))


def cells(listing: Listing, names: Sequence[str], *, headers: bool) -> list[Sequence[str]]:
    """The cells of the table, its headers first."""
    texts = [columns.COLUMNS[name].text for name in names]
    rows: list[Sequence[str]] = [
        [text(row, listing.now) for text in texts] for row in listing.shown
    ]
    return [[name.upper() for name in names], *rows] if headers else rows


def _style(names: Sequence[str], args: Namespace) -> Callable[[int, str], str]:
    paint = Paint(wanted(args.color, sys.stdout, os.environ))
    state = names.index("state")

    def style(column: int, cell: str) -> str:
        return paint(STATE_STYLE.get(cell, ""), cell) if column == state else cell

    return style


def _room(args: Namespace) -> int:
    """The columns of a terminal; 0 = never cut. A wide table is asked for to see everything."""
    if args.output == "wide" or not is_terminal(sys.stdout):
        return 0
    return shutil.get_terminal_size().columns


def _json(listing: Listing, args: Namespace) -> Iterable[str]:
    document = {
        "v": VERSION,
        "rows": [plain(row) for row in listing.shown],
        "found": len(listing.found),
        "shown": len(listing.shown),
        "code": listing.code,
    }
    yield json.dumps(document)


def _jsonl(listing: Listing, args: Namespace) -> Iterable[str]:
    for row in listing.shown:
        yield json.dumps(event(row))


def event(row: Row) -> dict[str, Any]:
    """A row as a line of jsonl."""
    return {"v": VERSION, "event": "row", **plain(row)}


def _yaml(listing: Listing, args: Namespace) -> Iterable[str]:
    import yaml  # noqa: PLC0415

    rows = [plain(row) for row in listing.shown]
    dumped = yaml.dump(
        {"v": VERSION, "rows": rows}, Dumper=yaml.CSafeDumper, sort_keys=False, width=1 << 20
    )
    yield dumped.rstrip("\n")


def _csv(listing: Listing, args: Namespace) -> Iterable[str]:
    names = tuple(columns.COLUMNS)
    if not args.no_headers:
        yield ",".join(names)
    for row in listing.shown:
        yield csv_line([columns.COLUMNS[name].value(row) for name in names])


def csv_line(values: Sequence[columns.Value]) -> str:
    """One record, without its line end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_csv_value(value) for value in values])
    return line.getvalue()


def _csv_value(value: columns.Value) -> columns.Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(value) if isinstance(value, str) else value


def _name(listing: Listing, args: Namespace) -> Iterable[str]:
    return (printable(row.address) for row in listing.shown)


FORMATS: dict[str, Callable[[Listing, Namespace], Iterable[str]]] = {
    "table": _table,
    "wide": _table,
    "json": _json,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "csv": _csv,
    "name": _name,
}
