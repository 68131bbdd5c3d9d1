"""`enve start|stop|restart|... ADDRESS...`: orders by hand, with the authority of the owner."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from enve.cli import arguments, fleet
from enve.errors import UsageError

if TYPE_CHECKING:
    from enve.app.control import Control
    from enve.app.tail import Tail
    from enve.cli.progress import Report
    from enve.core.order import Order
    from enve.core.selection import Selection
    from enve.model.report import Emit

ABOUT = """\
An order by hand goes to pm's owner: it needs the login that pm runs as, or root (-b); else
exit 5. What is wanted by hand survives reboots, shows as drift, and ends with the next plan."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of the command that `parser` is for."""
    parser.epilog = ABOUT
    parser.add_argument(
        "addresses", nargs="+", metavar="ADDRESS", help="web1.tenants.shop, web*.**"
    )
    verb = parser.get_default("command")
    if verb == "set-property":
        parser.epilog += "\nAddresses and properties: enve set-property web1.edge nice=5"
    if verb == "logs":
        parser.add_argument(
            *("-n", "--lines"), type=arguments.count, metavar="N", help="the last N lines (100)"
        )
        parser.add_argument(
            *("--follow",), action="store_true", help="go on: show lines as they are printed"
        )
    if verb in ("stop", "restart"):
        parser.add_argument(
            "--with-dependents", action="store_true", help="those that need them too"
        )
    arguments.inventory(parser)
    arguments.connection(parser)
    arguments.screen(parser, arguments.EVENT_FORMATS)


def run(args: argparse.Namespace) -> int:
    """Give the order."""
    from enve.cli import progress  # noqa: PLC0415

    order, patterns = _order(args)
    with progress.reporter(args) as report:
        return _run(args, order, patterns, report)


def _order(args: argparse.Namespace) -> tuple[Order, list[str]]:
    from enve.core.order import UNIT_ACTS, Order  # noqa: PLC0415
    from enve.host.whoami import user_at_host  # noqa: PLC0415

    words: list[str] = []
    patterns: list[str] = args.addresses
    if args.command == "set-property":
        words = [word for word in args.addresses if "=" in word]
        patterns = [word for word in args.addresses if "=" not in word]
        if not words or not patterns:
            raise UsageError("wanted an address and KEY=VALUE", hint="web1.edge nice=5")
    if args.command == "logs":
        words = ["-n", str(args.lines or 100), *(["-f"] if args.follow else [])]
    flags = ["--with-dependents"] if getattr(args, "with_dependents", False) else []
    if args.command in UNIT_ACTS:
        flags.append(f"--by={user_at_host()}"[:64])
    return Order(args.command, tuple(flags), tuple(words)), patterns


def _run(args: argparse.Namespace, order: Order, patterns: list[str], report: Report) -> int:
    from enve.app.control import Control  # noqa: PLC0415

    control = carry_out(args, order, patterns, report.emit)
    if isinstance(control, Control):
        control.end()
    return report.code


def carry_out(
    args: argparse.Namespace,
    order: Order,
    patterns: list[str],
    emit: Emit,
    kind: type[Control | Tail] | None = None,
) -> Control | Tail:
    """Give an order to all that the patterns mean. `args`: with the flags of `configure`."""
    import asyncio  # noqa: PLC0415

    from enve.app.collect import Collector  # noqa: PLC0415
    from enve.app.control import Control  # noqa: PLC0415
    from enve.app.tail import Tail  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.core.selection import select_units  # noqa: PLC0415

    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    meant = select_units(domain, patterns)
    _units_only(meant, patterns)
    limit = fleet.limited(domain, args.limit)
    nodes = fleet.becoming((node for node in meant.nodes if node.name in limit), settings)
    connect = fleet.connector(args, settings, nodes)
    collector = Collector(connect, now, forks=settings.forks, deadline=settings.timeout)
    kind = kind or (Tail if getattr(args, "follow", False) else Control)
    control = kind(order, meant, collector, emit)

    async def story() -> None:
        async with connect:
            await control.run(nodes)

    fleet.more_descriptors()
    asyncio.run(story())
    _something_was_meant(patterns, control)
    return control


def _units_only(meant: Selection, patterns: list[str]) -> None:
    from enve.core.literal import whole_nodes  # noqa: PLC0415

    for rule in whole_nodes(meant):
        node = min(rule.nodes)
        if len(rule.nodes) > 1 or node not in patterns:
            raise UsageError(
                f"wanted addresses of resources, found a pattern of nodes ({node})",
                hint="*.** means all resources of all nodes, web*.** those of some",
            )
        raise UsageError(
            f"'{node}' is a node, no resource of one",
            hint=f"{node}.** means all of its resources",
        )


def _something_was_meant(patterns: list[str], control: Control | Tail) -> None:
    """A pattern that no unit matches is a mistake, unless some node could not be asked."""
    if not control.results and not any(control.units.values()):
        raise UsageError(
            f"no resource matches {' '.join(map(repr, patterns))}", hint="`enve list` shows all"
        )
