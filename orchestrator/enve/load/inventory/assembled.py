"""What the files of an inventory say together, as one Domain."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from enve.core.suggest import did_you_mean
from enve.errors import InputError, Where
from enve.load.inventory import connection
from enve.load.inventory.gathered import Gathered
from enve.load.inventory.groups import Group, checked_name, members, nest
from enve.load.inventory.shared import Shared
from enve.load.variables import read_variables
from enve.load.yaml.item import Item
from enve.model.site import Domain, Node

_NODES = "name them below `nodes`, such as `web1: {}`"
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def assemble(said: Gathered) -> Domain:
    """The domain. Raises InputError for what does not fit together."""
    return _Assembly(said).domain()


class _Assembly:
    def __init__(self, said: Gathered) -> None:
        self._said = said

    def domain(self) -> Domain:
        said, name = self._said, self._domain_name()
        named = self._all_memberships()
        self._check_shared()
        if not said.nodes:
            where = said.nodes_at or (Where(said.file) if said.file else None)
            raise InputError("the inventory has no nodes", where=where, hint=_NODES)
        shared = Shared(said.groups, said.defaults, said.vars)
        nodes = {node: self._node(node, named[node], shared) for node in said.nodes}
        groups: dict[str, list[str]] = {group: [] for group in said.groups}
        for node in nodes.values():
            for group in node.groups:
                groups[group].append(node.name)
        return Domain(
            name=name,
            nodes=nodes,
            groups={group: tuple(found) for group, found in groups.items()},
            machines=said.machines,
            blueprint=self._blueprint(),
        )

    def _domain_name(self) -> str:
        item = self._said.single.get("domain")
        if item is None:
            file = self._said.file
            raise InputError(
                "no inventory file names the domain",
                where=Where(file) if file else None,
                hint="add a first line such as `domain: shop.example`",
            )
        text = item.text("domain")
        if not _DOMAIN.fullmatch(text):
            raise item.bad(f"domain: wanted a name like shop.example, found {text!r}")
        return text

    def _blueprint(self) -> str:
        item = self._said.single.get("blueprint")
        if item is None:
            return ""
        return item.file if item.is_table else str(Path(item.file).parent / item.text("blueprint"))

    def _all_memberships(self) -> dict[str, tuple[str, ...]]:
        """The groups that a node names, or that name it; those around them are not among them."""
        said, named = self._said, self._memberships()
        nest(said.groups)
        for group in said.groups.values():
            if group.name in said.nodes:
                raise said.nodes[group.name].key.bad(f"{group.name!r} is a node and a group")
            for name in members(group, said.nodes):
                named[name] = (*named[name], group.name)
        return named

    def _memberships(self) -> dict[str, tuple[str, ...]]:
        """The groups that each node names; a group needs no definition of its own."""
        named: dict[str, tuple[str, ...]] = {}
        for name, entry in self._said.nodes.items():
            item = entry.table.get("groups")
            named[name] = () if item is None else item.texts(f"groups of node {name!r}")
            for group in named[name]:
                if group not in self._said.groups and item is not None:
                    self._said.groups[checked_name(item, group)] = Group(group)
        return named

    def _node(self, name: str, groups: tuple[str, ...], shared: Shared) -> Node:
        table, key, places = self._said.nodes[name]
        common = shared.of(groups)
        if common.reach is None:
            reach = connection.read_reach({**common.settings, **table}, places)
        else:
            reach = connection.read_reach(table, places, common.reach)
        way = reach.connection
        if not way.host and way.kind == "ssh":
            way = replace(way, host=name)
        own = read_variables(table.get("vars"), f"vars of node {name!r}")
        return Node(
            name=name,
            connection=way,
            groups=common.groups,
            vars={**common.vars, **own} if own else common.vars,
            machine=self._machine(name, table.get("machine")),
            install=connection.install_of(reach),
            home=reach.home,
            pipe=reach.pipe,
            register=reach.register,
            where=key.where,
        )

    def _check_shared(self) -> None:
        """Settings of all are judged even where no node takes them."""
        connection.read_shared(self._said.defaults, "defaults")
        for group in self._said.groups.values():
            connection.read_shared(group.settings, f"group {group.name!r}")

    def _machine(self, node: str, item: Item | None) -> str:
        if item is None:
            return ""
        text = item.text(f"machine of node {node!r}")
        if text not in self._said.machines:
            hint = did_you_mean(text, self._said.machines, "define it under `machines`")
            raise item.bad(f"node {node!r} stands in an unknown machine {text!r}", hint=hint)
        return text
