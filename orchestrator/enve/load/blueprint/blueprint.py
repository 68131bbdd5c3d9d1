"""The blueprint: node <-> spots, node <-> keyholes. Its own file, or in an inventory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from enve.core.layout import pms, spots
from enve.core.resolve import names_of
from enve.errors import UsageError
from enve.load.blueprint.keyholes import ScopedKeyhole, read_keyholes, read_keys
from enve.load.blueprint.outline import LIMITS, Outline, join, read_limits, read_outline
from enve.load.blueprint.tree import build
from enve.load.keyfile import ReadKey
from enve.load.yaml.file import read_yaml
from enve.load.yaml.item import Item
from enve.model.blueprint import Blueprint, NodeBlueprint, PmTree
from enve.model.notice import Notice
from enve.model.site import Domain
from enve_pm.core import address
from enve_pm.core.policy import MARCH
from enve_pm.core.stores import ROLE

KEYS = ("keys", "keyholes", "nodes", "limits", "threshold")
MOST_SIGNERS = 16


def load_blueprint(source: Item | Path | str, domain: Domain, read_key: ReadKey) -> Blueprint:
    """The layouts of the domain's nodes.

    source: the table itself, or the path of a file: of a blueprint, or of an inventory with a
    `blueprint` table. read_key: reads one exported public key (`enve.load.keyfile.read_key`).
    Raises InputError.
    """
    table = _root(source).table("a blueprint", KEYS)
    keyholes = read_keyholes(table.get("keyholes"), read_keys(table.get("keys"), read_key), domain)
    threshold = _threshold(table.get("threshold"))
    limits = read_limits(table.get("limits"), "limits")
    common = {name: value for name, (value, _) in limits.items()}
    trees = _Layouts(table.get("nodes"), domain).trees()
    nodes = {
        name: NodeBlueprint(
            node=name,
            keyholes=tuple(hole for one in keyholes if (hole := one.of(name)) is not None),
            tree=tree,
            limits={**common, **own},
            threshold=threshold,
        )
        for name, (tree, own) in trees.items()
    }
    notices = [
        *_useless(keyholes, nodes),
        *_unsignable(nodes, threshold, table.get("threshold")),
        *_unbelieved(nodes),
    ]
    return Blueprint(domain.name, nodes, tuple(notices))


def _root(source: Item | Path | str) -> Item:
    if isinstance(source, Item):
        return source
    root = read_yaml(source)
    if root.is_table:
        for key, value in root.entries("a blueprint"):
            if str(key) == "blueprint" and value.is_table:
                return value
    return root


def _threshold(item: Item | None) -> int:
    return 1 if item is None else item.integer("threshold", 1, MOST_SIGNERS)


class _Layouts:
    """Joins what the patterns lay out, once for each combination of patterns that nodes fit."""

    def __init__(self, item: Item | None, domain: Domain) -> None:
        self._domain = domain
        self._outlines: list[Outline] = []
        self._fits: dict[str, list[int]] = {}  # node -> places in outlines
        for key, value in [] if item is None or item.is_nothing else item.entries("nodes"):
            for name in _named(key, domain):
                self._fits.setdefault(name, []).append(len(self._outlines))
            self._outlines.append(read_outline(value, f"nodes {str(key)!r}"))
        self._known: dict[tuple[bool, tuple[int, ...]], tuple[PmTree, Mapping[str, int]]] = {}

    def trees(self) -> dict[str, tuple[PmTree, Mapping[str, int]]]:
        """The tree and the limits of each node that some pattern fits, in the domain's order."""
        return {name: self._of(name) for name in self._domain.nodes if name in self._fits}

    def _of(self, name: str) -> tuple[PmTree, Mapping[str, int]]:
        system = self._domain.nodes[name].install == "system"
        key = (system, tuple(self._fits[name]))
        if key not in self._known:
            joined = join([self._outlines[place] for place in self._fits[name]], name)
            limits = {limit: joined.limits[limit][0] for limit in LIMITS if limit in joined.limits}
            self._known[key] = (build(joined, name, system), limits)
        return self._known[key]


def _named(key: Item, domain: Domain) -> list[str]:
    try:
        found = names_of(domain, str(key))
    except UsageError as error:
        raise key.bad(f"nodes: {error.message}", hint=error.hint) from None
    return [name for name in domain.nodes if name in found]


def _useless(keyholes: list[ScopedKeyhole], nodes: Mapping[str, NodeBlueprint]) -> list[Notice]:
    """Scopes that no spot of the blueprint fits."""
    return [
        Notice(
            f"keyhole of {one.keyhole.name!r}: no spot of this blueprint is in its scope "
            f"{' '.join(one.keyhole.scope)}",
            one.item.where,
        )
        for one in keyholes
        if not any(_opens(one, node) for node in nodes.values())
    ]


def _opens(one: ScopedKeyhole, node: NodeBlueprint) -> bool:
    keyhole = one.of(node.node)
    if keyhole is None:
        return False
    patterns = [address.Pattern.parse(text) for text in keyhole.scope]
    places = [steps for steps, _ in (*spots(node.tree), *pms(node.tree))]
    return any(pattern.match((node.node, *steps)) for pattern in patterns for steps in places)


def _unbelieved(nodes: Mapping[str, NodeBlueprint]) -> list[Notice]:
    """Stores whose artifacts would all be refused."""
    few = [
        address.format((name, *steps))
        for name, node in nodes.items()
        for steps, ceiling in spots(node.tree)
        if ceiling.stores and not _is_built_for(node, steps)
    ]
    if not few:
        return []
    more = f" and {len(few) - 1} more" if len(few) > 1 else ""
    return [Notice(f"stores of {few[0]}{more}: no keyhole says who may build for it")]


def _is_built_for(node: NodeBlueprint, steps: tuple[str, ...]) -> bool:
    scopes = [text for hole in node.keyholes if ROLE in hole.may for text in hole.scope]
    return any(address.Pattern.parse(text).match((node.node, *steps)) for text in scopes)


def _unsignable(
    nodes: Mapping[str, NodeBlueprint], threshold: int, item: Item | None
) -> list[Notice]:
    """Nodes that no plan can ever be marched to."""
    few = [
        name
        for name, node in nodes.items()
        if len({one.fingerprint for one in node.keyholes if MARCH in one.may}) < threshold
    ]
    if not few:
        return []
    more = f" and {len(few) - 1} more" if len(few) > 1 else ""
    wanted = f"{threshold} keys" if threshold > 1 else "a key"
    message = f"nobody can march to {few[0]}{more}: its keyholes don't name {wanted}"
    return [Notice(message, item.where if item else None)]
