"""What happens to one plan: its entries are placed, rendered, and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from enve.core.validate import Flaw
from enve.errors import InputError, Where
from enve.load.plan.checks import Checks, NodeFlaw
from enve.load.plan.file import PlanFile
from enve.load.plan.placement import Placement, Steps
from enve.load.plan.rendering import Rendered
from enve.load.plan.spot import PlanSpot
from enve.load.plan.supplies import Supplies
from enve.load.template.scope import Facts, Spot, home, world
from enve.load.template.template import MissingFacts
from enve.model.blueprint import Blueprint
from enve.model.plan import Blob, NodePlan, RenderedPlan
from enve.model.site import Domain
from enve_pm.core import address
from enve_pm.core.ceiling import directory


def _whole(where: Where) -> str:
    """A place that still means something in another folder."""
    return str(replace(where, file=str(Path(where.file).resolve())))


class Story:
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
        self._asks: set[str] = set()

    def place(self, supplies: Supplies) -> None:
        """Which entry of the plan stands for which spot."""
        placement = Placement(self._domain, self._blueprint)
        item = self._plan.table.get("spots")
        for key, value in [] if item is None or item.is_nothing else item.entries("spots"):
            entry = PlanSpot(key, value, supplies)
            self._asks |= entry.asks
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

    def _of_node(self, name: str, everywhere: Mapping[str, object]) -> dict[str, Rendered]:
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
            line = entry.render(node, steps, spot, facts, everywhere)
            for address_, one in {below: line, **line.stages}.items():
                lines[address_], entries[address_] = one, entry
        self._by_name[name] = entries
        return lines

    def check(self) -> None:
        """What only shows when all lines of a node are there. Raises InputError."""
        try:
            Checks(self._domain, self._blueprint, self._facts).run(self._lines)
        except NodeFlaw as found:
            raise self._placed_at(found.node, found.flaw) from None

    def _placed_at(self, node: str, flaw: Flaw) -> InputError:
        """In the file of the plan."""
        entries = self._by_name.get(node, {})
        entry = entries.get(flaw.unit) or next(
            (names[flaw.unit] for names in self._by_name.values() if flaw.unit in names), None
        )
        if entry is None:
            return InputError(flaw.message, notes=flaw.notes, hint=flaw.hint)
        return entry.at(flaw.key).bad(flaw.message, notes=flaw.notes, hint=flaw.hint)

    # -- the result -------------------------------------------------------------------------------
    def result(self, expires: int) -> RenderedPlan:
        """`expires`: unix seconds, 0: the signer decides."""
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
            origins={
                str(entry.key): _whole(entry.where)
                for entries in self._by_name.values()
                for entry in entries.values()
            },
            expires=expires,
            asks=frozenset(self._asks),
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
