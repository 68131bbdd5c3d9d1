"""Inventory files, taken one after the other and put together into a Domain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from enve.core.suggest import did_you_mean
from enve.errors import InputError, Where
from enve.load import connection
from enve.load.groups import Group, members, nest, read_group
from enve.load.item import Item
from enve.load.ranges import expand, is_range
from enve.load.shared import Shared
from enve.load.variables import NONE, read_variables
from enve.model.site import Domain, Machine, Node

KEYS = ("domain", "blueprint", "defaults", "vars", "machines", "nodes", "groups")
NODE_KEYS = (*connection.KEYS, "groups", "vars", "machine")
MOST_NODES = 200_000
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")


class Gathered:
    """What the files say, before it is put together: nothing stands in two of them."""

    def __init__(self) -> None:
        self._single: dict[str, Item] = {}  # domain, blueprint
        self._defaults: dict[str, Item] = {}
        self._vars: dict[str, Any] = {}
        self._seen: dict[str, Item] = {}  # "node 'web1'" -> where it was defined
        self._machines: dict[str, Machine] = {}
        self._groups: dict[str, Group] = {}
        self._nodes: dict[str, tuple[dict[str, Item], Item, dict[str, str]]] = {}

    # -- one file ---------------------------------------------------------------------------------
    def take(self, root: Item) -> None:
        table = root.table("an inventory", KEYS)
        for single in ("domain", "blueprint"):
            if single in table:
                self._alone(single, table[single])
        if "defaults" in table:
            for name, item in table["defaults"].table("defaults", connection.KEYS).items():
                self._once(f"default {name!r}", item)
                self._defaults[name] = item
        self._take_vars(table.get("vars"))
        for key, item in self._tables(table, "machines"):
            self._once(f"machine {str(key)!r}", key)
            self._machines[str(key)] = Machine(str(key), _data(item, f"machine {str(key)!r}"))
        for key, item in self._tables(table, "groups"):
            self._once(f"group {str(key)!r}", key)
            self._groups[_group(key, str(key))] = read_group(str(key), item)
        for key, item in self._tables(table, "nodes"):
            self._take_nodes(key, item)

    def _tables(self, table: Mapping[str, Item], key: str) -> list[tuple[Item, Item]]:
        item = table.get(key)
        return [] if item is None or item.is_nothing else item.entries(key)

    def _alone(self, key: str, item: Item) -> None:
        first = self._single.setdefault(key, item)
        if first is not item and (key != "domain" or str(first) != str(item)):
            raise item.bad(
                f"a second {key}{_said(item)}",
                notes=(f"first at {first.where}:{_said(first)}",),
                hint=_keep(first, item),
            )

    def _once(self, what: str, item: Item) -> None:
        first = self._seen.setdefault(what, item)
        if first is not item:
            note = f"first at {first.where}"
            raise item.bad(f"{what} is defined twice", notes=(note,), hint="remove one of them")

    def _take_vars(self, item: Item | None) -> None:
        if item is not None and not item.is_nothing:
            for key, _ in item.entries("vars"):
                self._once(f"variable {str(key)!r}", key)
        self._vars.update(read_variables(item, "vars"))

    def _take_nodes(self, key: Item, item: Item) -> None:
        text = str(key)
        table = {} if item.is_nothing else item.table(f"node {text!r}", NODE_KEYS)
        names = expand(text, key) if is_range(text) else [(text, {"name": text})]
        for name, places in names:
            first = self._nodes.get(name)
            if first is not None:
                note = f"first at {first[1].where}"
                hint = "remove one of them"
                raise key.bad(f"node {name!r} is defined twice", notes=(note,), hint=hint)
            if not _NODE.fullmatch(name) or name == "all":
                raise key.bad(f"{name!r} can't be the name of a node", hint="letters digits _ - .")
            self._nodes[name] = (table, key, places)
        if len(self._nodes) > MOST_NODES:
            raise key.bad(f"more than {MOST_NODES} nodes")

    # -- all of them ------------------------------------------------------------------------------
    def domain(self) -> Domain:
        domain = self._domain_name()
        named = self._memberships()
        nest(self._groups)
        for group in self._groups.values():
            if group.name in self._nodes:
                raise self._nodes[group.name][1].bad(f"{group.name!r} is a node and a group")
            for name in members(group, self._nodes):
                named[name] = (*named[name], group.name)
        self._check_shared()
        shared = Shared(self._groups, self._defaults, self._vars)
        nodes = {name: self._node(name, named[name], shared) for name in self._nodes}
        groups: dict[str, list[str]] = {name: [] for name in self._groups}
        for name, node in nodes.items():
            for group_name in node.groups:
                groups[group_name].append(name)
        return Domain(
            name=domain,
            nodes=nodes,
            groups={name: tuple(found) for name, found in groups.items()},
            machines=self._machines,
            blueprint=self._blueprint(),
        )

    def _domain_name(self) -> str:
        item = self._single.get("domain")
        if item is None:
            first = next(
                iter([*self._seen.values(), *(key for _, key, _ in self._nodes.values())]), None
            )
            raise InputError(
                "no inventory file names the domain",
                where=Where(first.file) if first else None,
                hint="add a first line such as `domain: shop.example`",
            )
        text = item.text("domain")
        if not _DOMAIN.fullmatch(text):
            raise item.bad(f"domain: wanted a name like shop.example, found {text!r}")
        return text

    def _blueprint(self) -> str:
        item = self._single.get("blueprint")
        if item is None:
            return ""
        return item.file if item.is_table else str(Path(item.file).parent / item.text("blueprint"))

    def _memberships(self) -> dict[str, tuple[str, ...]]:
        """The groups that each node names; a group needs no definition of its own."""
        named: dict[str, tuple[str, ...]] = {}
        for name, (table, _, _) in self._nodes.items():
            item = table.get("groups")
            named[name] = () if item is None else item.texts(f"groups of node {name!r}")
            for group in named[name]:
                if group not in self._groups and item is not None:
                    self._groups[_group(item, group)] = Group(group)
        return named

    def _node(self, name: str, groups: tuple[str, ...], shared: Shared) -> Node:
        table, key, places = self._nodes[name]
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
        connection.read_shared(self._defaults, "defaults")
        for group in self._groups.values():
            connection.read_shared(group.settings, f"group {group.name!r}")

    def _machine(self, node: str, item: Item | None) -> str:
        if item is None:
            return ""
        text = item.text(f"machine of node {node!r}")
        if text not in self._machines:
            hint = did_you_mean(text, self._machines, "define it under `machines`")
            raise item.bad(f"node {node!r} stands in an unknown machine {text!r}", hint=hint)
        return text


def _said(item: Item) -> str:
    return "" if item.is_table else f" {str(item)!r}"


def _keep(first: Item, item: Item) -> str:
    """Most often a folder holds the files of several fleets."""
    one, other = first.where.file, item.where.file
    return f"if these are several fleets, choose one: -i {one}, or -i {other}; else keep one"


def _group(item: Item, name: str) -> str:
    if name == "all":
        raise item.bad("every node is in `all` anyway", hint="variables for all: top-level `vars`")
    if not _GROUP.fullmatch(name):
        raise item.bad(f"{name!r} can't be the name of a group", hint="letters digits _ -")
    return name


def _data(item: Item, what: str) -> Mapping[str, Any]:
    if item.is_nothing:
        return NONE
    return {str(key): value.data(what) for key, value in item.entries(what)}
