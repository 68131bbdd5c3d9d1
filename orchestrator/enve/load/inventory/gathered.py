"""Inventory files, taken one after the other. (`load.inventory.assembled` puts them together.)"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from enve.errors import Where
from enve.load.inventory import connection
from enve.load.inventory.groups import Group, checked_name, read_group
from enve.load.inventory.ranges import expand, is_range
from enve.load.variables import NONE, read_variables
from enve.load.yaml.item import Item
from enve.model.site import Machine

KEYS = ("domain", "blueprint", "defaults", "vars", "machines", "nodes", "groups")
NODE_KEYS = (*connection.KEYS, "groups", "vars", "machine")
MOST_NODES = 200_000
_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class NodeEntry(NamedTuple):
    """A node as a file says it; `places` fills `{{ index }}` and `{{ name }}`."""

    table: Mapping[str, Item]
    key: Item
    places: Mapping[str, str]


class Gathered:
    """What the files say, before it is put together: nothing stands in two of them."""

    def __init__(self) -> None:
        self.single: dict[str, Item] = {}  # domain, blueprint
        self.defaults: dict[str, Item] = {}
        self.vars: dict[str, Any] = {}
        self._seen: dict[str, Item] = {}  # "node 'web1'" -> where it was defined
        self.machines: dict[str, Machine] = {}
        self.groups: dict[str, Group] = {}
        self.nodes: dict[str, NodeEntry] = {}
        self.file = ""  # the first one
        self.nodes_at: Where | None = None  # where nodes are named first

    def take(self, root: Item) -> None:
        """One more file. Raises InputError for what stands in another one already."""
        self.file = self.file or root.file
        table = root.table("an inventory", KEYS)
        for single in ("domain", "blueprint"):
            if single in table:
                self._alone(single, table[single])
        if "defaults" in table:
            for name, item in table["defaults"].table("defaults", connection.KEYS).items():
                self._once(f"default {name!r}", item)
                self.defaults[name] = item
        self._take_vars(table.get("vars"))
        for key, item in self._tables(table, "machines"):
            self._once(f"machine {str(key)!r}", key)
            self.machines[str(key)] = Machine(str(key), _data(item, f"machine {str(key)!r}"))
        for key, item in self._tables(table, "groups"):
            self._once(f"group {str(key)!r}", key)
            self.groups[checked_name(key, str(key))] = read_group(str(key), item)
        if "nodes" in table:
            self.nodes_at = self.nodes_at or table["nodes"].where
        for key, item in self._tables(table, "nodes"):
            self._take_nodes(key, item)

    def _tables(self, table: Mapping[str, Item], key: str) -> list[tuple[Item, Item]]:
        item = table.get(key)
        return [] if item is None or item.is_nothing else item.entries(key)

    def _alone(self, key: str, item: Item) -> None:
        first = self.single.setdefault(key, item)
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
        self.vars.update(read_variables(item, "vars"))

    def _take_nodes(self, key: Item, item: Item) -> None:
        text = str(key)
        table = {} if item.is_nothing else item.table(f"node {text!r}", NODE_KEYS)
        names = expand(text, key) if is_range(text) else [(text, {"name": text})]
        for name, places in names:
            first = self.nodes.get(name)
            if first is not None:
                note = f"first at {first.key.where}"
                hint = "remove one of them"
                raise key.bad(f"node {name!r} is defined twice", notes=(note,), hint=hint)
            if not _NODE.fullmatch(name) or name == "all":
                raise key.bad(f"{name!r} can't be the name of a node", hint="letters digits _ - .")
            self.nodes[name] = NodeEntry(table, key, places)
        if len(self.nodes) > MOST_NODES:
            raise key.bad(f"more than {MOST_NODES} nodes")


def _said(item: Item) -> str:
    return "" if item.is_table else f" {str(item)!r}"


def _keep(first: Item, item: Item) -> str:
    """Most often a folder holds the files of several fleets."""
    one, other = first.where.file, item.where.file
    return f"if these are several fleets, choose one: -i {one}, or -i {other}; else keep one"


def _data(item: Item, what: str) -> Mapping[str, Any]:
    if item.is_nothing:
        return NONE
    return {str(key): value.data(what) for key, value in item.entries(what)}
