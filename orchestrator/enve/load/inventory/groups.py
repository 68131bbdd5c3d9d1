"""Groups of nodes: nested, from both sides (a node names its groups, a group its nodes)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from enve.core.suggest import did_you_mean
from enve.load.inventory import connection
from enve.load.inventory.ranges import expand, is_range
from enve.load.variables import read_variables
from enve.load.yaml.item import Item

KEYS = ("vars", "children", "nodes", *connection.KEYS)
_DEPTH = 32
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")


@dataclass(slots=True)
class Group:
    """One group as the files say it."""

    name: str
    vars: Mapping[str, Any] = field(default_factory=dict)
    settings: connection.Settings = field(default_factory=dict)
    children: tuple[tuple[str, Item], ...] = ()
    members: tuple[Item, ...] = ()
    parents: list[str] = field(default_factory=list)
    order: tuple[int, int] = (0, 0)  # (depth, place in the files): later ones win


def read_group(name: str, item: Item) -> Group:
    """A group's table; an empty one is a name only."""
    what = f"group {name!r}"
    table = {} if item.is_nothing else item.table(what, KEYS)
    children = table["children"].several(f"children of {what}") if "children" in table else []
    members = table["nodes"].several(f"nodes of {what}") if "nodes" in table else []
    return Group(
        name,
        vars=read_variables(table.get("vars"), f"vars of {what}"),
        settings={key: table[key] for key in connection.KEYS if key in table},
        children=tuple((child.text(f"a child of {what}"), child) for child in children),
        members=tuple(members),
    )


def checked_name(item: Item, name: str) -> str:
    """A name that a group can have."""
    if name == "all":
        raise item.bad("every node is in `all` anyway", hint="variables for all: top-level `vars`")
    if not _NAME.fullmatch(name):
        raise item.bad(f"{name!r} can't be the name of a group", hint="letters digits _ -")
    return name


def nest(groups: dict[str, Group]) -> None:
    """Joins parents and children, and orders the groups: parents first, then as written."""
    for group in groups.values():
        for child, item in group.children:
            if child not in groups:
                hint = did_you_mean(child, groups, "define it under `groups`")
                raise item.bad(f"group {group.name!r} has an unknown child {child!r}", hint=hint)
            groups[child].parents.append(group.name)
    for place, group in enumerate(groups.values()):
        group.order = (_depth(group, groups, ()), place)


def _depth(group: Group, groups: Mapping[str, Group], path: tuple[str, ...]) -> int:
    if group.name in path or len(path) > _DEPTH:
        circle = " > ".join((group.name, *reversed(path)))
        item = group.children[0][1]
        raise item.bad(f"groups contain each other: {circle}", hint="remove one of the children")
    below = (*path, group.name)
    return max((_depth(groups[up], groups, below) + 1 for up in group.parents), default=0)


def closure(names: Iterable[str], groups: Mapping[str, Group]) -> tuple[str, ...]:
    """These groups and all that contain them, in the order in which their values apply."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += groups[name].parents
    return tuple(sorted(found, key=lambda name: groups[name].order))


def members(group: Group, nodes: Mapping[str, Any]) -> list[str]:
    """The nodes that the group itself names: names, globs and ranges."""
    found: dict[str, None] = {}
    for item in group.members:
        text = item.text(f"a node of group {group.name!r}")
        wanted = [name for name, _ in expand(text, item)] if is_range(text) else [text]
        for one in wanted:
            if one in nodes:
                found[one] = None
                continue
            matched = [name for name in nodes if fnmatchcase(name, one)] if _glob(one) else []
            if not matched:
                hint = did_you_mean(one, nodes, "define it under `nodes`")
                raise item.bad(f"group {group.name!r} names {one!r}: no such node", hint=hint)
            found.update(dict.fromkeys(matched))
    return list(found)


def _glob(text: str) -> bool:
    return any(sign in text for sign in "*?[")
