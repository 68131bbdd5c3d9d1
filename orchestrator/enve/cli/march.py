"""`enve-march PLAN`: show the difference, sign once, stream to every node, follow to the end."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from enve.cli import arguments, fleet
from enve.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from enve.app.orders import Orders
    from enve.cli.progress import Report
    from enve.model.blueprint import Blueprint, Keyhole
    from enve.model.march import SignedPlan
    from enve.model.plan import RenderedPlan
    from enve.model.site import Domain, Node
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


class Source(NamedTuple):
    """The plan, its domain and its blueprint; `signed` when it comes out of a signed file."""

    plan: RenderedPlan
    domain: Domain
    blueprint: Blueprint | None
    signed: SignedPlan | None


def run(args: argparse.Namespace) -> int:
    """March."""
    import tempfile  # noqa: PLC0415

    from enve.app.signedfile import is_signed  # noqa: PLC0415
    from enve.cli import progress  # noqa: PLC0415

    _consistent(args)
    settings = fleet.settings(args)
    with progress.reporter(args) as report, tempfile.TemporaryDirectory(prefix="enve-b") as folder:
        if is_signed(Path(args.plan)):
            source = _signed(args, settings, Path(folder), report)
        else:
            source = _rendered(args, settings, report)
        return _march(args, settings, source, report)


def _consistent(args: argparse.Namespace) -> None:
    if args.out and args.check:
        raise UsageError("--out signs and --check does not: take one of them")
    if args.lane is not None and not _is_lane(args.lane):
        raise UsageError(f"'{args.lane}' can't be a lane", hint="letters, digits, _ and - (64)")


def _is_lane(text: str) -> bool:
    plain = text.replace("_", "").replace("-", "")
    return 0 < len(text) <= 64 and text.isascii() and (plain.isalnum() or not plain)


def _rendered(args: argparse.Namespace, settings: Settings, report: Report) -> Source:
    from enve.app.facts import load_facts  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.load.extra import read_extra  # noqa: PLC0415
    from enve.load.plan import load_plan, open_plan  # noqa: PLC0415

    file = open_plan(args.plan)
    if not args.inventory and file.inventory:
        settings = replace(settings, inventory=tuple(map(str, file.inventory)))
    domain = fleet.domain(settings)
    blueprint = _blueprint(domain, report)
    facts = {
        name: found.values for name, found in load_facts(settings.of_domain(domain.name)).items()
    }
    plan = load_plan(
        *(file, domain, blueprint, facts, read_extra(args.extra_vars)),
        artifacts=settings.cache_dir / "artifacts",
        now=now() // 1000,
    )
    limit = fleet.limited(domain, args.limit)
    nodes = {name: each for name, each in plan.nodes.items() if name in limit}
    skipped = {name: why for name, why in plan.skipped.items() if name in limit}
    lane = args.lane or plan.lane
    return Source(replace(plan, nodes=nodes, skipped=skipped, lane=lane), domain, blueprint, None)


def _signed(args: argparse.Namespace, settings: Settings, folder: Path, report: Report) -> Source:
    """A plan out of a signed file: its content stands, flags that would change it are wrong."""
    from enve.app import signedfile  # noqa: PLC0415
    from enve.model.plan import NodePlan, RenderedPlan  # noqa: PLC0415

    for flag in ("out", "lane", "key", "force_base", "replace_plan", "extra_vars"):
        if getattr(args, flag):
            told = flag.replace("_", "-")
            raise UsageError(f"--{told} means nothing for a plan that is signed already")
    content = signedfile.read(Path(args.plan), folder)
    head = content.plan.signed.head
    domain = fleet.domain(settings)
    if head.domain != domain.name:
        raise UsageError(
            f"{args.plan} is signed for the domain '{head.domain}', not for '{domain.name}'"
        )
    limit = fleet.limited(domain, args.limit)
    nodes = {
        name: NodePlan(name, part.lines)
        for name, part in content.plan.parts.items()
        if name in limit
    }
    plan = RenderedPlan(
        *(head.plan, head.domain, head.lane, nodes, content.blobs), names=content.names
    )
    return Source(plan, domain, _blueprint(domain, report), content.plan)


def _blueprint(domain: Domain, report: Report) -> Blueprint | None:
    from enve.load.blueprint import load_blueprint  # noqa: PLC0415
    from enve.load.keyfile import read_key  # noqa: PLC0415
    from enve.model.report import Notice  # noqa: PLC0415

    if not domain.blueprint:
        report.emit(Notice("no blueprint: what nodes hold cannot be checked", "warning"))
        return None
    return load_blueprint(domain.blueprint, domain, read_key)


def _march(args: argparse.Namespace, settings: Settings, source: Source, report: Report) -> int:
    import asyncio  # noqa: PLC0415

    from enve.app.history import History  # noqa: PLC0415
    from enve.app.march import March  # noqa: PLC0415
    from enve.cli.asking import asker  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415

    orders = _orders(args, settings, source)
    connect = fleet.connector(args, settings, orders.nodes)
    history = History(settings.of_domain(source.domain.name) / "history" / orders.lane)
    wanted = args.key or os.environ.get("ENVE_KEY", "") or settings.signer
    _more_descriptors()

    async def march() -> int:
        async with connect:
            return await March(
                *(orders, connect, history, lambda: _signer(wanted), asker(report)),
                clock=lambda: now() // 1000,
                emit=report.emit,
            ).run()

    return asyncio.run(march())


def _orders(args: argparse.Namespace, settings: Settings, source: Source) -> Orders:
    from enve.app.orders import Orders  # noqa: PLC0415

    return Orders(
        plan=source.plan,
        nodes=_nodes(args, settings, source),
        keyholes=_keyholes(source.blueprint),
        signed=source.signed,
        check=args.check,
        show_diff=args.diff,
        yes=args.yes,
        replace_plan=args.replace_plan or "",
        force_base=args.force_base or "",
        allow_both=args.allow_both,
        confirm_above=settings.confirm_above if settings.confirm_above >= 0 else None,
        out=Path(args.out) if args.out else None,
        who=f"{getpass.getuser()}@{socket.gethostname()}",
        forks=settings.forks,
        deadline=settings.timeout,
        connect_deadline=settings.connect_timeout,
    )


def _nodes(args: argparse.Namespace, settings: Settings, source: Source) -> tuple[Node, ...]:
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


def _more_descriptors() -> None:
    """A march keeps one connection a node open."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
