"""The plan: spot <-> config, spot state. Read, rendered to one part per node, and checked."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enve.core import validate
from enve.core.layout import as_pm, spots
from enve.core.validate import Flaw
from enve.errors import InputError
from enve.load.artifact import Artifacts
from enve.load.content import Files
from enve.load.item import Item
from enve.load.moment import unix_seconds
from enve.load.placement import Placement, Steps
from enve.load.planspot import PlanSpot, Rendered, Workshop
from enve.load.scope import Facts, Spot, Variables, home, world
from enve.load.secret import Secrets
from enve.load.template import MissingFacts, Templates
from enve.load.yamlfile import read_yaml
from enve.model.blueprint import Blueprint
from enve.model.plan import Blob, NodePlan, RenderedPlan
from enve.model.site import Domain
from enve_pm.core import address
from enve_pm.core.blueprint import Pm
from enve_pm.core.ceiling import directory

KEYS = ("plan", "inventory", "lane", "expires", "vars", "secrets", "spots")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it was read. `inventory`: paths, none when the plan does not say."""

    path: Path
    name: str
    lane: str
    inventory: tuple[Path, ...]
    table: Mapping[str, Item]


def open_plan(path: Path | str) -> PlanFile:
    """Reads the file and its head; nothing is rendered yet. Raises InputError."""
    path = Path(path)
    root = read_yaml(path)
    table = root.table("a plan", KEYS)
    if "plan" not in table:
        raise root.bad("a plan needs a name", hint="add a first line such as `plan: shop`")
    paths = table["inventory"].texts("inventory") if "inventory" in table else ()
    return PlanFile(
        path,
        _named(table["plan"], "plan", _NAME),
        _named(table["lane"], "lane", _WORD) if "lane" in table else "main",
        tuple(path.parent / Path(one).expanduser() for one in paths),
        table,
    )


def _named(item: Item, what: str, pattern: re.Pattern[str]) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.bad(f"{text!r} can't be the name of a {what}", hint="letters digits _ -")
    return text


def load_plan(  # noqa: PLR0913
    source: PlanFile | Path | str,
    domain: Domain,
    blueprint: Blueprint | None,
    facts: Facts | None = None,
    extra: Mapping[str, Any] | None = None,
    *,
    artifacts: Path | None = None,
    now: int = 0,
) -> RenderedPlan:
    """Renders the plan for every node that it names.

    facts: node -> its facts (`home` among them); a node whose facts a template asks for in vain
    is `skipped`. extra: the variables of -e. artifacts: where packed directories are kept.
    now: unix seconds, for `expires: 30d`. Raises InputError.
    """
    plan = source if isinstance(source, PlanFile) else open_plan(source)
    shop = _workshop(plan, extra or {}, artifacts or _cache())
    story = _Story(plan, domain, blueprint, facts or {})
    story.place(shop)
    story.render()
    story.check()
    return story.result(_expires(plan.table.get("expires"), now))


def _workshop(plan: PlanFile, extra: Mapping[str, Any], artifacts: Path) -> Workshop:
    folder = plan.path.parent
    templates, secrets = Templates(folder), Secrets(plan.table.get("secrets"))
    return Workshop(
        folder,
        templates,
        secrets,
        Files(folder, templates, secrets),
        Artifacts(artifacts),
        Variables(plan.table.get("vars"), "vars", templates, secrets),
        extra,
    )


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "enve" / "artifacts"


def _expires(item: Item | None, now: int) -> int:
    """A date, or a span from now. 0: the signer decides."""
    if item is None:
        return 0
    if str(item)[4:5] == "-":
        return unix_seconds(item, "expires")
    return (now or int(time.time())) + item.duration_ms("expires") // 1000


class _Story:
    """What happens to one plan, step by step."""

    def __init__(
        self, plan: PlanFile, domain: Domain, blueprint: Blueprint | None, facts: Facts
    ) -> None:
        self._plan = plan
        self._domain = domain
        self._blueprint = blueprint
        self._facts = facts
        self._placed: dict[str, dict[Steps, PlanSpot]] = {}
        self._lines: dict[str, dict[str, Rendered]] = {}
        self._skipped: dict[str, str] = {}
        self._by_name: dict[str, dict[str, PlanSpot]] = {}

    def place(self, shop: Workshop) -> None:
        """Which entry of the plan stands for which spot."""
        placement = Placement(self._domain, self._blueprint)
        item = self._plan.table.get("spots")
        for key, value in [] if item is None or item.is_nothing else item.entries("spots"):
            entry = PlanSpot(key, value, shop)
            for node, steps in placement.of(key):
                self._put(node, steps, entry)

    def _put(self, node: str, steps: Steps, entry: PlanSpot) -> None:
        taken = self._placed.setdefault(node, {})
        if steps in taken:
            raise entry.key.bad(
                f"{address.format((node, *steps))} is planned twice",
                notes=(f"first at {taken[steps].where}",),
                hint="make the patterns differ",
            )
        taken[steps] = entry

    def render(self) -> None:
        """Every line of every node; a node whose facts are missing is skipped."""
        everywhere = world(self._domain, self._plan.name)
        for name in self._domain.nodes:
            if name not in self._placed:
                continue
            try:
                self._lines[name] = self._of_node(name, everywhere)
            except MissingFacts as missing:
                self._skipped[name] = f"no facts yet: its templates ask for {missing}"

    def _of_node(self, name: str, everywhere: Mapping[str, Any]) -> dict[str, Rendered]:
        node, facts = self._domain.nodes[name], self._facts.get(name)
        top = home(node, facts)
        lines, entries = {}, {}
        for steps, entry in self._placed[name].items():
            below = address.format(steps)
            spot = Spot(
                steps[-1],
                address.format((name, *steps)),
                directory(top, below) if top else "",
            )
            lines[below] = entry.render(node, steps, spot, facts, everywhere)
            entries[below] = entry
        self._by_name[name] = entries
        return lines

    # -- checks -----------------------------------------------------------------------------------
    def check(self) -> None:
        """What only shows when all lines of a node are there; like nodes are checked once."""
        seen: set[object] = set()
        trees: dict[int, tuple[Pm, frozenset[str]]] = {}
        single: dict[str, list[str]] = {}
        for name, lines in self._lines.items():
            layout = self._blueprint.nodes.get(name) if self._blueprint is not None else None
            tree = layout.tree if layout is not None else None
            for below, line in lines.items():
                if line.spec.single:
                    single.setdefault(below, []).append(name)
            like = (id(tree), tuple([(below, id(line)) for below, line in lines.items()]))
            if like in seen:
                continue
            seen.add(like)
            if tree is not None and id(tree) not in trees:
                there = frozenset(address.format(steps) for steps, _ in spots(tree))
                trees[id(tree)] = (as_pm(tree), there)
            self._check_node(name, lines, trees.get(id(tree)))
        self._checked(next(iter(self._lines), ""), lambda: validate.check_single(single))

    def _check_node(
        self,
        name: str,
        lines: Mapping[str, Rendered],
        layout: tuple[Pm, frozenset[str]] | None,
    ) -> None:
        specs = {below: line.spec for below, line in lines.items()}
        pm, there = layout if layout is not None else (None, frozenset[str]())
        self._checked(name, lambda: validate.check_node(name, specs, there))
        if pm is None:
            return
        top = home(self._domain.nodes[name], self._facts.get(name)) or "~"
        for spec in specs.values():
            self._checked(name, lambda spec=spec: validate.check_ceiling(name, spec, pm, top))

    def _checked(self, node: str, check: Any) -> None:
        try:
            check()
        except Flaw as flaw:
            raise self._place_of(node, flaw) from None

    def _place_of(self, node: str, flaw: Flaw) -> InputError:
        entries = self._by_name.get(node, {})
        entry = entries.get(flaw.unit) or next(
            (names[flaw.unit] for names in self._by_name.values() if flaw.unit in names), None
        )
        if entry is None:
            return InputError(flaw.message, notes=flaw.notes, hint=flaw.hint)
        return entry.at(flaw.key).bad(flaw.message, notes=flaw.notes, hint=flaw.hint)

    # -- the result -------------------------------------------------------------------------------
    def result(self, expires: int) -> RenderedPlan:
        blobs: dict[str, Blob] = {}
        names: dict[str, str] = {}
        for lines in self._lines.values():
            for line in lines.values():
                for name, blob in line.blobs:
                    blobs[blob.sha256] = blob
                    names.setdefault(blob.sha256, name)
        return RenderedPlan(
            name=self._plan.name,
            domain=self._domain.name,
            lane=self._plan.lane,
            nodes={name: self._node_plan(name, lines) for name, lines in self._lines.items()},
            blobs=blobs,
            skipped=self._skipped,
            names=names,
            expires=expires,
        )

    def _node_plan(self, name: str, lines: Mapping[str, Rendered]) -> NodePlan:
        secrets = [line.secrets for line in lines.values() if line.secrets]
        return NodePlan(
            node=name,
            lines={below: line.text for below, line in lines.items()},
            files={below: line.files for below, line in lines.items() if line.files},
            where={below: entry.where for below, entry in self._by_name[name].items()},
            secrets=frozenset().union(*secrets) if secrets else frozenset(),
        )
