"""Which spots of which nodes the patterns of a plan mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from enve.core.layout import pms, spots
from enve.core.resolve import names_of, nodes_of_segment
from enve.core.suggest import did_you_mean
from enve.core.terms import GROUP
from enve.errors import InputError, UsageError
from enve.load.yaml.item import Item
from enve.model.blueprint import Blueprint, PmTree
from enve.model.site import Domain
from enve_pm.core import address

Steps = tuple[str, ...]


class Placement:
    """Finds spots; with a blueprint only those that it lays out."""

    def __init__(self, domain: Domain, blueprint: Blueprint | None) -> None:
        self._domain = domain
        self._blueprint = blueprint
        self._known: dict[tuple[int, Steps], list[Steps]] = {}

    def of(self, key: Item) -> Iterator[tuple[str, Steps]]:
        """(node, names below it) of every spot that the pattern fits, in the inventory's order."""
        below, nodes = self._read(key)
        found = False
        for node in nodes:
            for steps in self._fits(node, below, key):
                found = True
                yield node, steps
        if not found:
            raise self._nothing(key, below, nodes)

    def _read(self, key: Item) -> tuple[address.Pattern, list[str]]:
        text = str(key)
        try:
            if text.startswith(GROUP):
                group, _, rest = text.partition(".")
                below, chosen = address.Pattern.parse(rest), names_of(self._domain, group)
            else:
                pattern = address.Pattern.parse(text)
                chosen = nodes_of_segment(self._domain, pattern.segments[0])
                rest_of = pattern.segments[1:] if pattern.segments[0] else pattern.segments
                below = address.Pattern(text, rest_of)
        except address.AddressError as error:
            hint = "NODE.SPOT or NODE.PM.SPOT, such as web*.edge or group:web.tenants.shop"
            raise key.bad(f"{text!r} is no address: {error}", hint=hint) from None
        except UsageError as error:
            raise key.bad(error.message, hint=error.hint) from None
        nodes = [name for name in self._domain.nodes if name in chosen]
        if not below.segments:
            raise key.bad(f"{text!r} names nodes, but no spot of them", hint=f"'{text}.SPOT'")
        if not nodes:
            head = address.Pattern.parse(text).segments[0] or text
            hint = did_you_mean(head, self._domain.nodes)
            raise key.bad(f"{text!r} matches nothing: there is no node {head!r}", hint=hint)
        return below, nodes

    def _fits(self, node: str, below: address.Pattern, key: Item) -> Iterable[Steps]:
        if self._blueprint is None:
            return [self._literal(below, key)]
        layout = self._blueprint.nodes.get(node)
        if layout is None:
            return []
        known = (id(layout.tree), below.segments)
        if known not in self._known:
            self._known[known] = [s for s, _ in spots(layout.tree) if below.match(s)]
        return self._known[known]

    def _literal(self, below: address.Pattern, key: Item) -> Steps:
        """Without a blueprint nobody can say which spots a wildcard means."""
        if any(not name or "*" in name or "?" in name for name in below.segments):
            raise key.bad(
                f"{str(key)!r} has wildcards in its spot, and no blueprint is known",
                hint="add `blueprint` to the inventory, or name the spot",
            )
        return below.segments

    def _nothing(self, key: Item, below: address.Pattern, nodes: list[str]) -> InputError:
        text = str(key)
        trees = self._trees(nodes)
        if not trees:
            return key.bad(f"{text!r} matches nothing: the blueprint does not lay out {nodes[0]}")
        node, tree = next(iter(trees.items()))
        there = [address.format(steps) for steps, _ in spots(tree)]
        notes = (f"spots of {node}: {' '.join(there) or 'none'}",)
        if any(below.match(steps) for steps, _ in pms(tree)):
            hint = f"its spots are '{text}.*'"
            return key.bad(f"{text!r} is a pm of the blueprint, not a spot", notes=notes, hint=hint)
        wanted = ".".join(name or "**" for name in below.segments)
        message = f"{text!r} matches nothing: {wanted!r} is not in the blueprint of {node}"
        return key.bad(message, notes=notes, hint=did_you_mean(wanted, there))

    def _trees(self, nodes: list[str]) -> Mapping[str, PmTree]:
        layouts = self._blueprint.nodes if self._blueprint is not None else {}
        return {name: layouts[name].tree for name in nodes if name in layouts}
