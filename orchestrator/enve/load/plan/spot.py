"""One entry of a plan's `spots`: compiled once, rendered for each spot that its pattern fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enve.errors import InputError, Where
from enve.load.plan.content import File
from enve.load.plan.rendering import Rendered, Rendering
from enve.load.plan.supplies import Supplies
from enve.load.plan.table import COMMIT, prepared, pulled
from enve.load.template.filler import Filler
from enve.load.template.scope import Scope, Spot, Variables
from enve.load.unit.line import ORIGIN
from enve.load.yaml.item import Item
from enve.model.site import Node


class PlanSpot:
    """`key`: the pattern's place in the file."""

    def __init__(self, key: Item, item: Item, supplies: Supplies) -> None:
        self.key = key
        self.what = f"spot {str(key)!r}"
        self._supplies = supplies
        table = prepared(item, self.what)
        names = supplies.files.names(table["files"], self.what) if "files" in table else frozenset()
        variables = table.pop("vars", None)
        self._inline = pulled(table)
        own = Variables(variables, f"vars of {self.what}", supplies.templates, supplies.secrets)
        self.table = table
        self._fillers = {name: Filler(value, supplies.templates) for name, value in table.items()}
        for filler in self._fillers.values():
            names |= filler.names
        if COMMIT in table:
            supplies.commits.check(table[COMMIT], f"commit of {self.what}")
            names |= {"spot.dir"}  # where its versions lie
        self._scope = Scope((supplies.variables, own), supplies.extra, names)
        self._known: dict[tuple[object, ...], Rendered] = {}

    @property
    def asks(self) -> frozenset[str]:
        """The names that its templates, and the variables that these use, look at."""
        return self._scope.names

    @property
    def where(self) -> Where:
        return self.key.where

    def render(
        self,
        node: Node,
        steps: tuple[str, ...],
        spot: Spot,
        facts: Mapping[str, Any] | None,
        world: Mapping[str, Any],
    ) -> Rendered:
        """The line for the spot at these steps below the node. Raises InputError, MissingFacts."""
        key = (steps, self._scope.key(node, spot, facts))
        if key not in self._known:
            context = self._scope.context(node, spot, facts, world)
            try:
                self._known[key] = self._rendered(steps, spot, context)
            except InputError as error:
                error.notes += (f"rendered for {spot.address}",)
                raise
        return self._known[key]

    def _rendered(self, steps: tuple[str, ...], spot: Spot, context: Mapping[str, Any]) -> Rendered:
        tainting = self._scope.secret
        table = {name: one.fill(context, tainting) for name, one in self._fillers.items()}

        def fill(item: Item, what: str) -> File:
            return self._supplies.files.make(item, what, context, tainting)

        rendering = Rendering(self.key, self.what, self._supplies, table, self._scope.hidden())
        return rendering.run(steps, spot, self._inline, fill)

    def at(self, key: str) -> Item:
        """Where the plan says something about this key of the line."""
        return self.table.get(ORIGIN.get(key, key), self.key)
