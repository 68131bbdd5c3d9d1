"""What only shows when all lines of a node are there: how they fit each other and its blueprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from enve.core import validate
from enve.core.layout import as_pm, spots
from enve.core.validate import Flaw
from enve.load.plan.rendering import Rendered
from enve.load.template.scope import Facts, home
from enve.model.blueprint import Blueprint, PmTree
from enve.model.site import Domain
from enve_pm.core import address, pmlines
from enve_pm.core.blueprint import Pm

Lines = Mapping[str, Rendered]  # of a node, by their addresses below it


class Laid(NamedTuple):
    """A node's blueprint: as pm's own code knows it, the addresses of its spots, its nested pms."""

    pm: Pm | None = None
    there: frozenset[str] = frozenset()
    pms: validate.Specs = validate.NO_PMS


class NodeFlaw(Exception):
    """A flaw, and the node whose lines have it."""

    def __init__(self, node: str, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.node = node
        self.flaw = flaw


class Checks:
    """Like nodes are checked once. `blueprint`: None: there is none to look at."""

    def __init__(self, domain: Domain, blueprint: Blueprint | None, facts: Facts) -> None:
        self._domain = domain
        self._blueprint = blueprint
        self._facts = facts
        self._laid: dict[int, Laid] = {}  # by the id of a tree, which like nodes have in common

    def run(self, nodes: Mapping[str, Lines]) -> None:
        """Raises NodeFlaw."""
        seen: set[object] = set()
        single: dict[str, list[str]] = {}
        for name, lines in nodes.items():
            for below, line in lines.items():
                if line.spec.single:
                    single.setdefault(below, []).append(name)
            tree = self._tree(name)
            like = (id(tree), tuple([(below, id(line)) for below, line in lines.items()]))
            if like not in seen:
                seen.add(like)
                self._node(name, lines, self._of(tree))
        _checked(next(iter(nodes), ""), lambda: validate.check_single(single))

    def _tree(self, name: str) -> PmTree | None:
        layout = self._blueprint.nodes.get(name) if self._blueprint is not None else None
        return layout.tree if layout is not None else None

    def _of(self, tree: PmTree | None) -> Laid:
        if tree is None:
            return Laid()
        if id(tree) not in self._laid:
            pm = as_pm(tree)
            there = frozenset(address.format(steps) for steps, _ in spots(tree))
            self._laid[id(tree)] = Laid(pm, there, pmlines.specs(pm))
        return self._laid[id(tree)]

    def _node(self, name: str, lines: Lines, laid: Laid) -> None:
        specs = {below: line.spec for below, line in lines.items()}
        _checked(name, lambda: validate.check_node(name, specs, laid.there, laid.pms))
        _checked(name, lambda: validate.check_places(name, specs))
        if laid.pm is None:
            return
        top = home(self._domain.nodes[name], self._facts.get(name)) or "~"
        for spec in specs.values():
            _checked(name, partial(validate.check_ceiling, name, spec, laid.pm, top))


def _checked(node: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Flaw as flaw:
        raise NodeFlaw(node, flaw) from None
