"""`enve-march PLAN`: show the difference, sign once, stream to every node, follow to the end."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from enve.cli import arguments, fleet
from enve.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from enve.app.orders import Orders
    from enve.cli import marchplan
    from enve.cli.progress import Report
    from enve.model.blueprint import Blueprint, Keyhole
    from enve.model.site import Node
    from enve.settings import Settings
    from enve.trust.signer import Signer

FORMATS = ("table", "json", "jsonl")
ABOUT = """\
examples:
  enve-march plan.yml                show the difference, ask, march
  enve-march plan.yml -C -D          only show it, line by line; exit code 2 when there is one
  enve-march plan.yml -l web1 -y     this node only, without a question
  enve-march plan.yml --out FILE     sign now ...
  enve-march FILE                    ... and march later, without the key
symbols: + create, - remove, ~ in place, -/+ replace, > start, < stop, ? known on the node only
exit codes: 0 as planned; 2 changes are pending, or nobody said yes; 3 some node failed; 4 some is
out of reach; 5 refused; 6 somebody else marches, or a fork; 124 deadline; 130 Ctrl-C"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve march`."""
    parser.epilog = ABOUT
    parser.add_argument("plan", metavar="PLAN", help="a plan, or what --out wrote")
    arguments.inventory(parser)
    arguments.preview(parser)
    arguments.variables(parser)
    group = parser.add_argument_group("signing")
    group.add_argument("--key", metavar="KEY", help="sign with this key (else ENVE_KEY, settings)")
    group.add_argument("--lane", metavar="NAME", help="another lane than the plan's")
    group.add_argument("--out", metavar="FILE", help="write the signed plan, send nothing")
    group = parser.add_argument_group("when something stands against it")
    group.add_argument(
        "--replace-plan", metavar="NAME", help="the nodes hold this other plan: go on"
    )
    group.add_argument("--force-base", metavar="HASH", help="build on this forked head as well")
    group.add_argument(
        "--allow-both", action="store_true", help="a single spot may run twice while it moves"
    )
    arguments.connection(parser)
    arguments.screen(parser, FORMATS)


def run(args: argparse.Namespace) -> int:
    """March."""
    import tempfile  # noqa: PLC0415

    from enve.app.signedfile import is_signed  # noqa: PLC0415
    from enve.cli import marchplan, progress  # noqa: PLC0415

    _consistent(args)
    settings = fleet.settings(args)
    with progress.reporter(args) as report, tempfile.TemporaryDirectory(prefix="enve-b") as folder:
        if is_signed(Path(args.plan)):
            source = marchplan.signed(args, settings, Path(folder), report)
        else:
            source = marchplan.rendered(args, settings, report)
        return _march(args, settings, source, report)


def _consistent(args: argparse.Namespace) -> None:
    if args.out and args.check:
        raise UsageError("--out signs and --check does not: take one of them")
    if args.lane is not None and not _is_lane(args.lane):
        raise UsageError(f"'{args.lane}' can't be a lane", hint="letters, digits, _ and - (64)")


def _is_lane(text: str) -> bool:
    plain = text.replace("_", "").replace("-", "")
    return 0 < len(text) <= 64 and text.isascii() and (plain.isalnum() or not plain)


def _march(
    args: argparse.Namespace, settings: Settings, source: marchplan.Source, report: Report
) -> int:
    import asyncio  # noqa: PLC0415

    from enve.app.history import History  # noqa: PLC0415
    from enve.app.march import March  # noqa: PLC0415
    from enve.cli.asking import asker  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415

    wanted = args.key or os.environ.get("ENVE_KEY", "") or settings.signer
    orders = _orders(args, settings, source, wanted)
    connect = fleet.connector(args, settings, orders.nodes)
    history = History(settings.of_domain(source.domain.name) / "history" / orders.lane)
    fleet.more_descriptors()

    async def march() -> int:
        async with connect:
            return await March(
                *(orders, connect, history, lambda: _signer(wanted), asker(report)),
                clock=lambda: now() // 1000,
                emit=report.emit,
            ).run()

    return asyncio.run(march())


def _orders(
    args: argparse.Namespace, settings: Settings, source: marchplan.Source, key: str
) -> Orders:
    from enve.app.orders import Orders  # noqa: PLC0415
    from enve.host.whoami import user_at_host  # noqa: PLC0415
    from enve.settings import DEFAULT  # noqa: PLC0415

    return Orders(
        plan=source.plan,
        nodes=_nodes(args, settings, source),
        keyholes=_keyholes(source.blueprint),
        signed=source.signed,
        check=args.check,
        show_diff=args.diff,
        yes=args.yes,
        key=key,
        replace_plan=args.replace_plan or "",
        force_base=args.force_base or "",
        allow_both=args.allow_both,
        confirm_above=settings.confirm_above if settings.confirm_above >= 0 else None,
        out=Path(args.out) if args.out else None,
        who=user_at_host(),
        forks=settings.forks,
        deadline=settings.timeout,
        patient=settings.origins.get("timeout") == DEFAULT,
        connect_deadline=settings.connect_timeout,
    )


def _nodes(
    args: argparse.Namespace, settings: Settings, source: marchplan.Source
) -> tuple[Node, ...]:
    """All nodes within --limit: also those that the plan may have left."""
    limit = fleet.limited(source.domain, args.limit)
    chosen = [node for node in source.domain.nodes.values() if node.name in limit]
    if source.signed is not None:
        chosen = [node for node in chosen if node.name in source.signed.parts]
    if not chosen:
        raise UsageError("the plan and --limit have no node in common")
    return tuple(fleet.becoming(chosen, settings))


def _keyholes(blueprint: Blueprint | None) -> Mapping[str, tuple[Keyhole, ...]]:
    if blueprint is None:
        return {}
    return {name: layout.keyholes for name, layout in blueprint.nodes.items()}


def _signer(wanted: str) -> Signer:
    from enve.trust import gnupg  # noqa: PLC0415
    from enve.trust.keyring import Keyring  # noqa: PLC0415

    return gnupg.choose(Keyring(), wanted)
