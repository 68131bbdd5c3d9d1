"""`enve-deploy INVENTORY`: pm and the blueprint to the nodes, or off them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from enve.cli import arguments, fleet
from enve.errors import Unconfirmed

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from enve.app.deploy import Options
    from enve.cli.progress import Report
    from enve.host.connect import Connector
    from enve.model.blueprint import Blueprint
    from enve.model.site import Domain, Node
    from enve.settings import Settings


class Asked(NamedTuple):
    """What the command line means."""

    args: argparse.Namespace
    settings: Settings
    domain: Domain
    nodes: list[Node]

    def connect(self) -> Connector:
        """A way to the nodes; asks for sudo's password where one is wanted."""
        return fleet.connector(self.args, self.settings, self.nodes)


FORMATS = ("table", "json", "jsonl")
ABOUT = """\
examples:
  enve-deploy inventory.yml              everything that differs, on every node
  enve-deploy inventory.yml -C -D        only show it, line by line
  enve-deploy inventory.yml -l 'web*'    these nodes only
  enve-deploy inventory.yml --remove -l old1
exit codes: 0 done, or nothing to do; 2 changes are pending (-C); 3 some node failed; 4 some node
is out of reach; 5 refused (spots with live units would be dropped)"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve deploy`."""
    parser.epilog = ABOUT
    parser.add_argument("paths", nargs="*", metavar="INVENTORY", help="the same as -i")
    arguments.inventory(parser)
    arguments.preview(parser)
    parser.add_argument(
        "--accept-new",
        action="store_true",
        default=None,
        help="trust host keys that are met for the first time, and keep them",
    )
    parser.add_argument("--remove", action="store_true", help="take pm and all of it off the nodes")
    parser.add_argument(
        "--remove-spots", action="store_true", help="also drop spots in which something lives"
    )
    parser.add_argument(
        "--reset-time", action="store_true", help="let the nodes' idea of the time go back to now"
    )
    parser.add_argument("--no-start", action="store_true", help="lay all down, do not start pm")
    arguments.connection(parser)
    arguments.screen(parser, FORMATS)


def run(args: argparse.Namespace) -> int:
    """Deploy, or remove."""
    from enve.cli import progress  # noqa: PLC0415

    args.inventory = [*args.paths, *(args.inventory or [])] or None
    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    limit = fleet.limited(domain, args.limit)
    chosen = (node for node in domain.nodes.values() if node.name in limit)
    nodes = fleet.becoming(chosen, settings)
    with progress.reporter(args) as report:
        story = _removal if args.remove else _deployment
        return story(Asked(args, settings, domain, nodes), report)


def _deployment(asked: Asked, report: Report) -> int:
    from enve.app import deploy  # noqa: PLC0415

    blueprint = _blueprint(asked.domain, report)
    options, connect = _options(asked), asked.connect()
    _run(
        connect,
        deploy.deploy(asked.nodes, blueprint, connect, options, report.emit),
        report,
    )
    return report.code


def _removal(asked: Asked, report: Report) -> int:
    from enve.app import remove  # noqa: PLC0415
    from enve.core.grouping import many  # noqa: PLC0415

    count, names = len(asked.nodes), " ".join(node.name for node in asked.nodes[:8])
    names += " ..." if count > 8 else ""
    nodes = many(count, "node")
    question = f"stop and remove pm, its services and all their files on {nodes} ({names})?"
    if not asked.args.check and not report.ask(question, assume=asked.args.yes):
        raise Unconfirmed("not removed: nothing was touched")
    options, connect = _options(asked), asked.connect()
    _run(connect, remove.remove(asked.nodes, connect, options, report.emit), report)
    return report.code


def _run(connect: Connector, story: Coroutine[Any, Any, Any], report: Report) -> None:
    import asyncio  # noqa: PLC0415

    from enve.model.report import Notice  # noqa: PLC0415

    async def main() -> None:
        async with connect:
            await story
        for warning in connect.warnings:
            report.emit(Notice(warning, "warning"))

    asyncio.run(main())


def _blueprint(domain: Domain, report: Report) -> Blueprint:
    from enve.load.blueprint.blueprint import load_blueprint  # noqa: PLC0415
    from enve.load.keyfile import read_key  # noqa: PLC0415
    from enve.model.blueprint import Blueprint  # noqa: PLC0415
    from enve.model.report import Notice  # noqa: PLC0415

    if not domain.blueprint:
        report.emit(Notice("no blueprint: pm will live there, and nobody may march", "warning"))
        return Blueprint(domain.name, {})
    found = load_blueprint(domain.blueprint, domain, read_key)
    for notice in found.notices:
        place = f"{notice.where}: " if notice.where else ""
        report.emit(Notice(f"{place}{notice.message}", "warning"))
    for told in _over(found):
        report.emit(Notice(told, "warning"))
    return found


def _over(blueprint: Blueprint) -> list[str]:
    """Keyholes that open to nobody any more, once each."""
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.core.moment import written  # noqa: PLC0415

    seconds = now() // 1000
    holes = [hole for node in blueprint.nodes.values() for hole in node.keyholes]
    return [
        *dict.fromkeys(
            f"{hole.where}: the keyhole of {hole.name!r} ended on {written(hole.until)}"
            for hole in holes
            if 0 < hole.until <= seconds
        )
    ]


def _options(asked: Asked) -> Options:
    from enve.app import deploy, floors  # noqa: PLC0415

    args, settings = asked.args, asked.settings
    state = settings.of_domain(asked.domain.name)
    return deploy.Options(
        state=state,
        forks=settings.forks,
        deadline=settings.timeout,
        check=args.check,
        diff=args.diff,
        remove_spots=args.remove_spots,
        reset_time=args.reset_time,
        start=not args.no_start,
        floors=floors.known(state),
    )
