"""`enve-list [PATTERN...]`: the states of every resource of the fleet."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from enve.cli import arguments, fleet
from enve.errors import UsageError
from enve_pm.core.states import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve.app.collect import Collector
    from enve.core.selection import Rule, Selection
    from enve.model.report import Row
    from enve.model.site import Node

UNKNOWN = "UNKNOWN"  # --state: no state is known (a node out of reach, a unit not reported)
COLUMNS = (
    *("address", "state", "since", "restarts", "pid", "detail"),
    *("node", "spot", "commit", "plan", "key", "drift"),
)
ABOUT = """\
patterns:
  web01               all of a node            web*.**       all below the nodes web...
  web01.tenants.shop  one resource             *.**.db       every db, at any depth
  group:web.edge      `edge` on a group        all:!db1      all but a node's
exit codes: 0 all nodes were listed, whatever their states are; 3 a pm is dead, missing or
unreadable; 4 a node is out of reach"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve list`."""
    parser.epilog = ABOUT
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="addresses; all if none")
    arguments.inventory(parser)
    parser.add_argument(
        *("-s", "--state"),
        action="append",
        type=states,
        metavar="STATE",
        help=f"only rows in these states: {' '.join((*STATES, UNKNOWN))}",
    )
    parser.add_argument(
        *("-w", "--watch"), action="store_true", help="go on: show each change as it is seen"
    )
    parser.add_argument(
        *("--interval",),
        type=arguments.seconds,
        default=2.0,
        metavar="SECONDS",
        help="how often -w looks at each node (2)",
    )
    arguments.connection(parser)
    arguments.screen(parser)
    arguments.rows(parser, COLUMNS)


def states(text: str) -> list[str]:
    """`FAIL,stopped` as the words that they stand for."""
    known = arguments.one_of((*STATES, UNKNOWN))
    return [known(word.strip().upper()) for word in text.split(",") if word.strip()]


def run(args: argparse.Namespace) -> int:
    """List once, or go on watching."""
    from enve.app.collect import Collector  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.core.selection import select_units  # noqa: PLC0415

    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    limit = fleet.limited(domain, args.limit)
    selection = select_units(domain, args.patterns)
    nodes = [node for node in selection.nodes if node.name in limit]
    if not nodes:
        raise UsageError("the patterns and --limit have no node in common")
    nodes = fleet.becoming(nodes, settings)
    connect = fleet.connector(args, settings, nodes)
    collector = Collector(connect, now, forks=settings.forks, deadline=settings.timeout)
    if args.watch:
        from enve.cli import watch  # noqa: PLC0415

        fleet.more_descriptors()
        return watch.run(args, nodes, collector, selection)
    return _once(args, nodes, collector, selection)


def _once(
    args: argparse.Namespace, nodes: Sequence[Node], collector: Collector, meant: Selection
) -> int:
    import asyncio  # noqa: PLC0415

    from enve.cli import output, pager  # noqa: PLC0415

    rows = asyncio.run(_collect(nodes, collector))
    found = selected(rows, meant)
    if args.patterns:
        every_term_means_something(args.patterns, rows, meant)
    listing = output.Listing(found, shown(found, args), collector.now())
    pager.show(output.text(listing, args), args)
    sys.stdout.flush()
    return listing.code


async def _collect(nodes: Sequence[Node], collector: Collector) -> list[Row]:
    from enve.cli.waiting import Waiting  # noqa: PLC0415

    async with collector.connect, Waiting(tuple(node.name for node in nodes)) as waiting:
        found = await collector.collect(nodes, waiting.emit)
    return [row for rows in found.values() for row in rows]


def selected(rows: Sequence[Row], meant: Selection) -> list[Row]:
    """The rows that the patterns mean; the trouble of a node is always meant."""
    return [
        row
        for row in rows
        if row.problem or (meant.covers(row.node, row.spot) if row.spot else _whole(row, meant))
    ]


def _whole(row: Row, meant: Selection) -> bool:
    return any(rule.below is None and row.node in rule.nodes for rule in meant.rules)


def shown(rows: Sequence[Row], args: argparse.Namespace) -> list[Row]:
    """What --state leaves, in the order of --sort-by."""
    from enve.core import sorting  # noqa: PLC0415

    wanted = {state for states in args.state or () for state in states}
    kept = [row for row in rows if not wanted or (row.state or UNKNOWN) in wanted]
    return sorting.by(kept, args.sort_by or "address")


def every_term_means_something(
    patterns: Sequence[str], rows: Sequence[Row], meant: Selection
) -> None:
    """A term that no resource matches is a mistake, unless a node of it could not be asked."""
    from enve.core.suggest import did_you_mean  # noqa: PLC0415
    from enve.core.terms import split_terms  # noqa: PLC0415

    for term, rule in zip(split_terms(patterns), meant.rules, strict=True):
        of_it = [row for row in rows if row.node in rule.nodes]
        blind = any(row.problem for row in of_it)
        if rule.below is None or blind or any(_covers(rule, row) for row in of_it):
            continue
        raise UsageError(
            f"no resource matches '{term.text}'",
            hint=did_you_mean(term.text, [row.address for row in of_it], "`enve list` shows all"),
        )


def _covers(rule: Rule, row: Row) -> bool:
    from enve_pm.core import address  # noqa: PLC0415

    return bool(row.spot) and rule.covers(row.node, address.parse(row.spot))
