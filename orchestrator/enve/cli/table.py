"""Cells as aligned columns. On a terminal the last column gives way to its width; anywhere else
nothing is ever cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tabulate import tabulate
from wcwidth import wcswidth, wcwidth

GAP = 2  # columns between two cells in tabulate's "plain"
NARROWEST = 8
Cells = Sequence[str]
Style = Callable[[int, str], str]  # (column, cell) -> the cell with colours


def plain(_column: int, cell: str) -> str:
    """The style without colours."""
    return cell


def table(rows: Sequence[Cells], *, width: int = 0, style: Style = plain) -> list[str]:
    """The lines of a table whose first row may be its headers. `width` 0 = any."""
    if not rows:
        return []
    if width:
        rows = _fitted(rows, width)
    if style is not plain:
        rows = [[style(column, cell) for column, cell in enumerate(row)] for row in rows]
    # Cells are texts: an address such as `1e5` is no number. Headers too: a row like the others.
    text = tabulate(rows, tablefmt="plain", disable_numparse=True, preserve_whitespace=True)
    return text.split("\n")


def cut(text: str, room: int) -> str:
    """`text` in at most `room` columns."""
    if _width(text) <= room:
        return text
    taken, used = "", 0
    for char in text:
        used += max(wcwidth(char), 0)
        if used > room - 1:
            break
        taken += char
    return taken.rstrip() + "…"


def _fitted(rows: Sequence[Cells], width: int) -> Sequence[Cells]:
    """The rows with last cells that leave each line within the width, as far as that can be."""
    others = list(zip(*rows, strict=True))[:-1]
    room = width - sum(max(map(_width, column)) + GAP for column in others)
    return [[*row[:-1], cut(row[-1], max(room, NARROWEST))] for row in rows]


def _width(text: str) -> int:
    # Text here is printable: what wcwidth can't measure (-1) has no width.
    return len(text) if text.isascii() else max(wcswidth(text), 0)
