"""What the templates of a profile see: its variables, each made when something uses it.

A variable may be made from others, in any order. What is made from a secret is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from enve.load.profile.merge import Branch, Part, branch
from enve.load.profile.workshop import Workshop
from enve.load.template.template import ANYTHING
from enve.load.variables import name as variable_name
from enve.load.yaml.cursor import FilledNode
from enve.load.yaml.item import Item


class ProfileScope:
    """`table`: the merged `vars`. Values are made once; a circle is an error that names it."""

    def __init__(self, table: Part | None, shop: Workshop) -> None:
        self._shop = shop
        found = {} if table is None else branch(table, "vars").keys
        self._parts = {variable_name(key, "vars"): value for key, value in found.values()}
        self._keys = {str(key): key for key, _ in found.values()}
        self._values: dict[str, Any] = {}
        self._secret: set[str] = set()
        self._open: list[str] = []

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._parts)

    def fill(self, item: Item) -> Item:
        """The tree with every template rendered."""
        filler = self._shop.filler(item)
        return filler.fill(self.context(filler.names), self.secret)

    def context(self, names: frozenset[str]) -> Mapping[str, Any]:
        """All names, with the values of those that are looked at."""
        found: dict[str, Any] = dict.fromkeys(self._parts)
        for name in self._parts if ANYTHING in names else names & self._parts.keys():
            found[name] = self._value(name)
        return found

    @property
    def secret(self) -> frozenset[str]:
        """The names made so far whose values are secrets."""
        return frozenset((*self._secret, ANYTHING) if self._secret else ())

    def hidden(self) -> frozenset[str]:
        """The secret values that something looked at. What is blank hides nothing."""
        found = (str(self._values[name]) for name in self._secret)
        return frozenset(text for text in found if text.strip())

    def closure(self, names: frozenset[str]) -> frozenset[str]:
        """With the variables that these are made from."""
        found: set[str] = set()
        left = set(self._parts if ANYTHING in names else names & self._parts.keys())
        while left:
            name = left.pop()
            found.add(name)
            left |= (self._names(self._parts[name]) & self._parts.keys()) - found
        return frozenset(found)

    def _value(self, name: str) -> Any:
        if name in self._open:
            circle = " <- ".join([*self._open[self._open.index(name) :], name])
            raise self._keys[name].bad(f"variables that are made from each other: {circle}")
        if name not in self._values:
            self._open.append(name)
            self._values[name] = self._made(name, self._parts[name])
            self._open.pop()
        return self._values[name]

    def _made(self, name: str, part: Part) -> Any:
        if isinstance(part, Item) and part.secret:
            self._secret.add(name)
            return self._shop.secrets.value(part)
        names = self._names(part)
        if ANYTHING in names:
            raise self._keys[name].bad(f"variable {name!r}: a variable includes no file")
        self.context(names)
        if names & self._secret or any(map(_tainted, _nodes(part))):
            self._secret.add(name)
        return self._data(part, f"variable {name!r}")

    def _names(self, part: Part) -> frozenset[str]:
        if isinstance(part, Item):
            return self._shop.filler(part).names
        return frozenset().union(*(self._names(value) for _, value in part.keys.values()))

    def _data(self, part: Part, what: str) -> Any:
        if isinstance(part, Item):
            return self.fill(part).data(what)
        return {name: self._data(value, what) for name, (_, value) in part.keys.items()}


def _nodes(part: Part) -> Iterator[yaml.Node]:
    if isinstance(part, Branch):
        for _, value in part.keys.values():
            yield from _nodes(value)
        return
    yield part.node
    inner = [value for _, value in part.entries("")] if part.is_table else []
    for one in [*inner, *(part.sequence("") if part.is_list else [])]:
        yield from _nodes(one)


def _tainted(node: yaml.Node) -> bool:
    return isinstance(node, FilledNode) and node.secret


def holds_secret(item: Item) -> Item | None:
    """The first value in the tree that is a secret or made from one."""
    for node in _nodes(item):
        if node.tag == "!secret" or _tainted(node):
            return Item(node, item.file)
    return None
