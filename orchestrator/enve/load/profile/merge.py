"""Layers of a profile laid over each other: maps merge, all else is replaced, and every value
still knows where it stands.

    top of the file < profiles.NAME < config < --set
"""

from __future__ import annotations

from typing import Protocol

import yaml

from enve.load.yaml.cursor import FilledNode
from enve.load.yaml.item import Item

Keys = dict[str, tuple[Item, "Part"]]  # name -> (where it is written, value)


class Shape(Protocol):
    """What a value has to be. `merges`: key by key, each as `below` says; else it is replaced as a
    whole, and so is what `below` says None for."""

    merges: bool

    def below(self, name: str) -> Shape | None: ...


class Branch:
    """A table that several files may have made. `item`: where the first of them begins it."""

    __slots__ = ("item", "keys")

    def __init__(self, item: Item, keys: Keys) -> None:
        self.item = item
        self.keys = keys


Part = Item | Branch


def branch(part: Part, what: str) -> Branch:
    """The part as a table. Raises InputError."""
    if isinstance(part, Branch):
        return part
    return Branch(part, {str(key): (key, value) for key, value in part.entries(what)})


def place(part: Part) -> Item:
    """Where errors about it point."""
    return part.item if isinstance(part, Branch) else part


def is_table(part: Part) -> bool:
    return isinstance(part, Branch) or part.is_table


def is_nothing(part: Part) -> bool:
    return isinstance(part, Item) and part.is_nothing


def merge(shape: Shape | None, left: Part, right: Part, what: str) -> Part:
    """`right` over `left`."""
    if shape is None or not shape.merges or not (is_table(left) and is_table(right)):
        return right
    below, above = branch(left, what), branch(right, what)
    keys = dict(below.keys)
    for name, (key, value) in above.keys.items():
        old = keys.get(name)
        keys[name] = (key, merge(shape.below(name), old[1], value, name) if old else value)
    return Branch(below.item, keys)


def given(text: str, origin: str) -> Item:
    """A value from a command line: text where text is wanted, else what it reads as."""
    mark = yaml.Mark(origin, 0, -1, -1, "", 0)  # no line: errors name the origin alone
    return given_at(Item(yaml.ScalarNode("", text, mark, mark), origin), text)


def given_at(item: Item, text: str) -> Item:
    """The same, that stands where the item does."""
    return Item(FilledNode(item.node, text, secret=False), item.file)


def nested(path: str, value: Item) -> Branch:
    """`{a: {b: value}}` for `a.b`."""
    part: Part = value
    for name in reversed(path.split(".")):
        part = Branch(value, {name: (given_at(value, name), part)})
    assert isinstance(part, Branch)  # noqa: S101
    return part
