"""Which file set this variable? The inventory read once more, for the variables of one node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from enve.core.ranges import expand, is_range
from enve.errors import Where
from enve.load.inventory.inventory import files
from enve.load.yaml.file import read_yaml
from enve.load.yaml.item import Item
from enve.model.site import Node


class Origin(NamedTuple):
    """A place that sets a variable. `owner`: `all`, `group web`, `node web1`."""

    owner: str
    where: Where


def origins(paths: Iterable[Path | str], node: Node) -> dict[str, list[Origin]]:
    """Every place that sets a variable of this node; of each variable's places the last one wins.

    The files have been loaded already: they are known to be right.
    """
    owners = ["all", *(f"group {group}" for group in node.groups), f"node {node.name}"]
    found: dict[str, list[Origin]] = {}
    for file in files(paths):
        for owner, table in _tables(read_yaml(file), node):
            for name, _ in [] if table.is_nothing else table.entries(owner):
                found.setdefault(str(name), []).append(Origin(owner, name.where))
    order = {owner: place for place, owner in enumerate(owners)}
    for places in found.values():
        places.sort(key=lambda origin: order[origin.owner])
    return found


def _tables(root: Item, node: Node) -> Iterable[tuple[str, Item]]:
    """The `vars` of this file that reach the node, with whose they are."""
    top = _entries(root)
    if "vars" in top:
        yield "all", top["vars"]
    for name, group in _entries(top.get("groups")).items():
        if name in node.groups and "vars" in (table := _entries(group)):
            yield f"group {name}", table["vars"]
    for name, item in _entries(top.get("nodes")).items():
        if _means(name, node.name) and "vars" in (table := _entries(item)):
            yield f"node {node.name}", table["vars"]


def _entries(item: Item | None) -> Mapping[str, Item]:
    if item is None or item.is_nothing or not item.is_table:
        return {}
    return {str(key): value for key, value in item.entries("")}


def _means(text: str, name: str) -> bool:
    """Whether a key under `nodes` (a name or a range of names) stands for the node."""
    if not is_range(text):
        return text == name
    return any(found == name for found, _ in expand(text))
