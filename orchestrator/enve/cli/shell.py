"""`enve shell ADDRESS`: join the terminal of a resource, or open a shell where its pm is."""

from __future__ import annotations

import argparse
import os

from enve.cli import arguments, fleet
from enve.errors import UsageError

ABOUT = """\
web1.console joins that resource, which has to run on a terminal (`terminal: true`); Ctrl-] d
leaves it as it is. --beside opens a shell beside its process, with its user and in its file
system and namespaces. web1 opens a shell of the login that its pm runs as; `pm` in there is that
one. It needs that login, or root (-b), as orders by hand do."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.epilog = ABOUT
    parser.add_argument("address", metavar="ADDRESS", help="web1.tenants.console, web1")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--read-only", action="store_true", help="watch, and type nothing")
    how.add_argument("--beside", action="store_true", help="a shell beside its process")
    arguments.inventory(parser)
    arguments.connection(parser)


def run(args: argparse.Namespace) -> int:
    """Join; the exit status of what was joined."""
    import asyncio  # noqa: PLC0415

    from enve.app import shell  # noqa: PLC0415
    from enve.app.collect import Collector  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.core.order import Order  # noqa: PLC0415
    from enve.core.selection import select_units  # noqa: PLC0415

    if not (os.isatty(0) and os.isatty(1)):
        raise UsageError("enve shell needs a terminal", hint="`enve logs` shows what was printed")
    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    meant = select_units(domain, [args.address])
    limit = fleet.limited(domain, args.limit)
    nodes = fleet.becoming((node for node in meant.nodes if node.name in limit), settings)
    node = shell.the_node(list(nodes))
    connect = fleet.connector(args, settings, [node])
    collector = Collector(connect, now, forks=1, deadline=settings.timeout)
    order = Order("attach", ("--read-only",) if args.read_only else ())
    if args.beside:
        order = Order("enter")

    async def story() -> int:
        async with connect:
            return await shell.join(meant, node, order, collector)

    status = asyncio.run(story())
    return status if status >= 0 else 128 - status
