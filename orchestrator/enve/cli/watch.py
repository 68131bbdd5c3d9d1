"""`enve-list -w`: a terminal is drawn again with each change; anything else gets the changes."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace

from enve.app.collect import Collector
from enve.app.watch import watch
from enve.cli import output
from enve.cli.color import is_terminal
from enve.cli.list import selected, shown
from enve.core.columns import COLUMNS, NARROW, WIDE
from enve.core.selection import Selection
from enve.errors import UsageError
from enve.model.report import Row
from enve.model.site import Node

CLEAR = "\x1b[H\x1b[J"
WIDTHS = {"address": 32, "state": 13, "since": 5, "restarts": 8, "pid": 7}
REDRAW = 0.2  # seconds between two drawings, at least


def run(
    args: argparse.Namespace, nodes: Sequence[Node], collector: Collector, meant: Selection
) -> int:
    """Watch until interrupted (exit 130)."""
    if args.output not in ("table", "wide", "jsonl", "csv"):
        raise UsageError(f"-w has no end, and -o {args.output} needs one", hint="-o jsonl streams")
    live = is_terminal(sys.stdout) and args.output in ("table", "wide")
    view = Redraw(args, collector, meant) if live else Changes(args, collector, meant)
    asyncio.run(_watch(nodes, collector, view, args.interval))
    return 0


class Changes:
    """Prints a row when it is seen first, differs from before, or is gone."""

    def __init__(self, args: argparse.Namespace, collector: Collector, meant: Selection) -> None:
        self._args = args
        self._collector = collector
        self._meant = meant
        self._last: dict[str, dict[str, Row]] = {}

    def told(self, node: str, rows: list[Row]) -> None:
        """The rows of a node as just read."""
        current = {row.address: row for row in selected(rows, self._meant)}
        before = self._last.get(node, {})
        self._last[node] = current
        changed = [row for name, row in current.items() if differs(before.get(name), row)]
        gone = [
            replace(row, state="", detail="gone", pid=0)
            for name, row in before.items()
            if name not in current
        ]
        for row in shown([*changed, *gone], self._args):
            print(self._line(row), flush=True)

    async def draw(self) -> None:
        """Everything has been printed already."""
        await asyncio.Event().wait()

    def _line(self, row: Row) -> str:
        now = self._collector.now()
        if self._args.output == "jsonl":
            return json.dumps({**output.event(row), "seen": now})
        if self._args.output == "csv":
            return output.csv_line([column.value(row) for column in COLUMNS.values()])
        names = WIDE if self._args.output == "wide" else NARROW
        cells = [f"{COLUMNS[name].text(row, now):<{WIDTHS.get(name, 8)}}" for name in names]
        return "  ".join(cells).rstrip()


class Redraw:
    """Keeps what was read last of every node, and draws the top of it."""

    def __init__(self, args: argparse.Namespace, collector: Collector, meant: Selection) -> None:
        self._args = args
        self._collector = collector
        self._meant = meant
        self._rows: dict[str, list[Row]] = {}
        self._changed = asyncio.Event()

    def told(self, node: str, rows: list[Row]) -> None:
        """The rows of a node as just read."""
        self._rows[node] = selected(rows, self._meant)
        self._changed.set()

    async def draw(self) -> None:
        """Draw with each change, and not too often."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            sys.stdout.write(CLEAR + self.text())
            sys.stdout.flush()
            await asyncio.sleep(REDRAW)

    def text(self) -> str:
        """What fits on the screen: the footer last, and what was left out."""
        found = [row for rows in self._rows.values() for row in rows]
        listing = output.Listing(found, shown(found, self._args), self._collector.now())
        lines = output.text(listing, self._args).splitlines()
        room = shutil.get_terminal_size().lines - 1
        if len(lines) > room:
            cut = len(lines) - room + 1
            lines = [*lines[: room - 2], f"... {cut} more rows", lines[-1]]
        return "\n".join(lines)


def differs(before: Row | None, row: Row) -> bool:
    """Whether there is something new to tell. (`since` follows from clocks: it trembles.)"""
    return before is None or replace(before, since=0) != replace(row, since=0)


async def _watch(
    nodes: Sequence[Node], collector: Collector, view: Changes | Redraw, interval: float
) -> None:
    async with collector.connect, asyncio.TaskGroup() as group:
        group.create_task(watch(nodes, collector, view.told, interval=interval))
        group.create_task(view.draw())
