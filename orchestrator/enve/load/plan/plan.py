"""The plan: spot <-> config, spot state. Read, rendered to one part per node, and checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from enve.load.chain.artifact import Build, nowhere
from enve.load.chain.commits import Bring, Commits, nobody
from enve.load.plan.content import Files
from enve.load.plan.file import PlanFile, open_plan
from enve.load.plan.pushed import Artifacts
from enve.load.plan.story import Story
from enve.load.plan.supplies import Supplies
from enve.load.profile.checkout import Checkout, local
from enve.load.secret import Secrets
from enve.load.template.scope import Facts, Variables
from enve.load.template.template import Templates
from enve.load.yaml.item import Item
from enve.load.yaml.moment import unix_seconds
from enve.model.blueprint import Blueprint
from enve.model.plan import RenderedPlan
from enve.model.site import Domain

__all__ = ["PlanFile", "load_plan", "open_plan"]


def load_plan(  # noqa: PLR0913
    source: PlanFile | Path | str,
    domain: Domain,
    blueprint: Blueprint | None,
    facts: Facts | None = None,
    extra: Mapping[str, Any] | None = None,
    *,
    artifacts: Path,
    now: int = 0,
    checkout: Checkout = local,
    build: Build = nowhere,
    bring: Bring = nobody,
) -> RenderedPlan:
    """Renders the plan for every node that it names.

    facts: node -> its facts (`home` among them); a node whose facts a template asks for in vain
    is `skipped`. extra: the variables of -e. artifacts: where packed directories are kept.
    now: unix seconds, for `expires: 30d`. checkout, build: how products of `commit` are found and
    built here; bring: how the files of their roots are. Raises InputError.
    """
    plan = source if isinstance(source, PlanFile) else open_plan(source)
    commits = partial(Commits, checkout=checkout, build=build, bring=bring)
    supplies = _supplies(plan, extra or {}, artifacts, commits)
    story = Story(plan, domain, blueprint, facts or {})
    story.place(supplies)
    story.render()
    story.check()
    return story.result(_expires(plan.table.get("expires"), now))


def _supplies(
    plan: PlanFile,
    extra: Mapping[str, Any],
    artifacts: Path,
    commits: Callable[[Path, Secrets], Commits],
) -> Supplies:
    folder = plan.path.parent
    templates, secrets = Templates(folder), Secrets(plan.table.get("secrets"))
    return Supplies(
        folder,
        templates,
        secrets,
        Files(folder, templates, secrets),
        Artifacts(artifacts),
        commits(folder, secrets),
        Variables(plan.table.get("vars"), "vars", templates, secrets),
        extra,
    )


def _expires(item: Item | None, now: int) -> int:
    """A date, or a span from now. 0: the signer decides."""
    if item is None:
        return 0
    now = now or int(time.time())
    if str(item)[4:5] != "-":
        return now + item.duration_ms("expires") // 1000
    until = unix_seconds(item, "expires")
    if until <= now:
        raise item.bad(f"expires: {item} is past", hint="no node would take the plan")
    return until
