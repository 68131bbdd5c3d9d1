"""Where a march's plan comes from: rendered now, or out of a file that is signed already."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from enve.cli import fleet
from enve.errors import InputError, RefusedError, UsageError, Where

if TYPE_CHECKING:
    from enve.cli.progress import Report
    from enve.load.template.scope import Facts
    from enve.model.blueprint import Blueprint
    from enve.model.march import SignedPlan
    from enve.model.plan import RenderedPlan
    from enve.model.site import Domain
    from enve.settings import Settings


class Source(NamedTuple):
    """The plan, its domain and its blueprint; `signed` when it comes out of a signed file."""

    plan: RenderedPlan
    domain: Domain
    blueprint: Blueprint | None
    signed: SignedPlan | None


def rendered(args: argparse.Namespace, settings: Settings, report: Report) -> Source:
    """The plan of the command line, for the nodes that --limit leaves."""
    from enve.app import building, checkout  # noqa: PLC0415
    from enve.cli.clock import now  # noqa: PLC0415
    from enve.load.extra import read_extra, unused  # noqa: PLC0415
    from enve.load.plan.plan import load_plan, open_plan  # noqa: PLC0415
    from enve.model.report import Notice  # noqa: PLC0415

    file = open_plan(args.plan)
    if not args.inventory and file.inventory:
        settings = replace(settings, inventory=tuple(map(str, file.inventory)))
    domain = fleet.domain(settings)
    blueprint = _blueprint(domain, report)
    facts = _facts(settings, domain)

    def told(line: str) -> None:
        report.emit(Notice(line))

    plan = load_plan(
        *(file, domain, blueprint, facts, read_extra(args.extra_vars)),
        artifacts=settings.cache_dir / "artifacts",
        now=now() // 1000,
        checkout=checkout.here(refresh=True, report=told),
        build=building.here(report=told),
        bring=checkout.archives(report=told),
    )
    for unknown in unused(args.extra_vars, plan.asks):
        report.emit(Notice(unknown, "warning"))
    limit = fleet.limited(domain, args.limit)
    nodes = {name: each for name, each in plan.nodes.items() if name in limit}
    skipped = {name: why for name, why in plan.skipped.items() if name in limit}
    lane = args.lane or plan.lane
    return Source(replace(plan, nodes=nodes, skipped=skipped, lane=lane), domain, blueprint, None)


def signed(args: argparse.Namespace, settings: Settings, folder: Path, report: Report) -> Source:
    """A plan out of a signed file: its content stands, flags that would change it are wrong."""
    from enve.app import signedread  # noqa: PLC0415
    from enve.model.plan import NodePlan, RenderedPlan  # noqa: PLC0415

    for flag in ("out", "lane", "key", "force_base", "replace_plan", "extra_vars"):
        if getattr(args, flag):
            told = flag.replace("_", "-")
            raise UsageError(f"--{told} means nothing for a plan that is signed already")
    content = signedread.read(Path(args.plan), folder)
    signedread.check_whole(content, Path(args.plan))
    head = content.plan.signed.head
    domain = fleet.domain(settings)
    if head.domain != domain.name:
        raise InputError(
            f"it is signed for the domain '{head.domain}', the inventory is '{domain.name}'",
            where=Where(args.plan),
            hint="-i names the inventory of its domain",
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
    blueprint = _blueprint(domain, report)
    if blueprint is not None:
        _below_ceilings(plan, domain, blueprint, _facts(settings, domain))
    return Source(plan, domain, blueprint, content.plan)


def _below_ceilings(plan: RenderedPlan, domain: Domain, blueprint: Blueprint, facts: Facts) -> None:
    """What was signed may be above a ceiling of today: every node would refuse its whole part."""
    from enve.core import validate  # noqa: PLC0415
    from enve.core.layout import as_pm  # noqa: PLC0415
    from enve.load.template.scope import home  # noqa: PLC0415
    from enve_pm.core.policy import read_lines  # noqa: PLC0415
    from enve_pm.core.refusal import FormatError  # noqa: PLC0415

    for name, each in plan.nodes.items():
        if name not in domain.nodes or name not in blueprint.nodes:
            continue
        tree, top = as_pm(blueprint.nodes[name].tree), home(domain.nodes[name], facts.get(name))
        try:
            for spec in read_lines(each.lines, each.lines).values():
                validate.check_ceiling(name, spec, tree, top or "~")
        except FormatError as error:
            raise InputError(f"a line of {name} is no unit: {error}") from None
        except validate.Flaw as flaw:
            told = f"would be refused: {flaw.message}; nothing was sent"
            raise RefusedError(told, hint="sign a plan below it, or ask the architect") from None


def _facts(settings: Settings, domain: Domain) -> Facts:
    from enve.app.facts import load_facts  # noqa: PLC0415

    known = load_facts(settings.of_domain(domain.name))
    return {name: found.values for name, found in known.items()}


def _blueprint(domain: Domain, report: Report) -> Blueprint | None:
    from enve.load.blueprint.blueprint import load_blueprint  # noqa: PLC0415
    from enve.load.keyfile import read_key  # noqa: PLC0415
    from enve.model.report import Notice  # noqa: PLC0415

    if not domain.blueprint:
        report.emit(Notice("no blueprint: what nodes hold cannot be checked", "warning"))
        return None
    return load_blueprint(domain.blueprint, domain, read_key)
