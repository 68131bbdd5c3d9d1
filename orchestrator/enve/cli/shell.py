"""`enve shell ADDRESS`: join the terminal of a resource, or open a shell where its pm is; `enve
shell PATTERN -- COMMAND`: run a command everywhere."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from enve.cli import arguments, fleet
from enve.errors import UsageError

if TYPE_CHECKING:
    from enve.app.collect import Collector
    from enve.core.selection import Selection
    from enve.host.connect import Connector
    from enve.model.site import Node

ABOUT = """\
web1.console joins that resource, which has to run on a terminal (`terminal: true`); Ctrl-] d
leaves it as it is. --beside opens a shell beside its process, with its user and in its file
system and namespaces. web1 opens a shell of the login that its pm runs as; `pm` in there is that
one. web1.tenants opens one where that nested pm is.

-- COMMAND... runs one on each node, or beside each resource, that the pattern means, without a
terminal and with nothing to read: enve shell 'web*' -- uname -r. It needs that login, or root
(-b), as orders by hand do.

Without an ADDRESS, or with a folder (., or with a /) or a url in its place, it is a product's
shell: see enve fire --help."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.epilog = ABOUT
    parser.usage = "%(prog)s [flags] ADDRESS [-- COMMAND...]"
    parser.add_argument("address", metavar="ADDRESS", help="web1.tenants.console, web1, web*")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--read-only", action="store_true", help="watch, and type nothing")
    how.add_argument("--beside", action="store_true", help="a shell beside its process")
    arguments.inventory(parser)
    arguments.connection(parser)
    arguments.screen(parser, arguments.EVENT_FORMATS)
    parser.set_defaults(words=None)
    if isinstance(parser, arguments.Parser):
        parser.takes_words = True


def run(args: argparse.Namespace) -> int:
    """Join, with the exit status of what was joined; or run a command."""
    from enve.app.collect import Collector  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.core.selection import select_units  # noqa: PLC0415

    _judge(args)
    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    meant = select_units(domain, [args.address])
    limit = fleet.limited(domain, args.limit)
    nodes = fleet.becoming((node for node in meant.nodes if node.name in limit), settings)
    if args.words is None:
        from enve.app import shell  # noqa: PLC0415

        nodes = [shell.the_node(nodes)]
    connect = fleet.connector(args, settings, nodes)
    collector = Collector(connect, now, forks=settings.forks, deadline=settings.timeout)
    if args.words is None:
        return _join(args, meant, nodes[0], connect, collector)
    return _each(args, meant, nodes, connect, collector)


def _judge(args: argparse.Namespace) -> None:
    """Raises UsageError for what does not go together."""
    if args.words is None:
        if not (os.isatty(0) and os.isatty(1)):
            hint = "-- COMMAND, at the end, needs none; `enve logs` shows what was printed"
            raise UsageError("enve shell needs a terminal", hint=hint)
        if args.output != "table":
            raise UsageError(f"-o {args.output} is for a command", hint="ADDRESS -- COMMAND...")
    elif not args.words:
        raise UsageError("no command stands behind --", hint="enve shell 'web*' -- uname -r")
    elif args.read_only:
        raise UsageError("--read-only watches, and a command does not", hint="leave it out")
    elif args.beside and "." not in args.address:
        raise UsageError("--beside wants resources", hint=f"{args.address}.** means all of its")


def _join(
    args: argparse.Namespace,
    meant: Selection,
    node: Node,
    connect: Connector,
    collector: Collector,
) -> int:
    import asyncio  # noqa: PLC0415

    from enve.app import shell  # noqa: PLC0415
    from enve.core.order import Order  # noqa: PLC0415

    order = Order("attach", ("--read-only",) if args.read_only else ())
    if args.beside:
        order = Order("enter")

    async def story() -> int:
        async with connect:
            return await shell.join(meant, node, order, collector)

    status = asyncio.run(story())
    return status if status >= 0 else 128 - status


def _each(
    args: argparse.Namespace,
    meant: Selection,
    nodes: list[Node],
    connect: Connector,
    collector: Collector,
) -> int:
    import asyncio  # noqa: PLC0415

    from enve.app.errand import Errand  # noqa: PLC0415
    from enve.cli import progress  # noqa: PLC0415

    with progress.reporter(args) as report:
        errand = Errand(args.words, meant, collector, report.emit)

        async def story() -> None:
            async with connect:
                await errand.run(nodes)

        asyncio.run(story())
        if not errand.results:
            raise UsageError(
                f"no resource with a process matches '{args.address}'", hint="`enve list` shows all"
            )
        errand.end()
        return report.code
