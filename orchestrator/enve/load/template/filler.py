"""A part of a YAML tree with templates in it: filled in, it is a tree like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from enve.load.template.template import Templates, is_template
from enve.load.yaml.cursor import FilledNode
from enve.load.yaml.item import Item

Context = Mapping[str, Any]
_Fill = Callable[[Context, frozenset[str]], yaml.Node]


class Filler:
    """`names`: what its templates look at. Without templates the tree is always the same."""

    def __init__(self, item: Item, templates: Templates) -> None:
        self._item = item
        self._templates = templates
        self._names: set[str] = set()
        self._fill = self._build(item.node)
        self.names = frozenset(self._names)

    @property
    def constant(self) -> bool:
        return self._fill is None

    def fill(self, context: Context, secrets: frozenset[str] = frozenset()) -> Item:
        """The tree with every template rendered. `secrets`: the variables that taint a value."""
        if self._fill is None:
            return self._item
        return Item(self._fill(context, secrets), self._item.file)

    def _build(self, node: yaml.Node) -> _Fill | None:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        assert isinstance(node, yaml.SequenceNode)  # noqa: S101
        return self._sequence(node)

    def _scalar(self, node: yaml.ScalarNode) -> _Fill | None:
        if isinstance(node, FilledNode) or not is_template(node.value):
            return None  # what a template made is no template
        item = Item(node, self._item.file)
        template = self._templates.value(node.value, item.where, item.block)
        self._names |= template.names

        def fill(context: Context, secrets: frozenset[str]) -> yaml.Node:
            secret = not secrets.isdisjoint(template.names)
            return FilledNode(node, template.render(context), secret=secret)

        return fill

    def _sequence(self, node: yaml.SequenceNode) -> _Fill | None:
        parts = [(child, self._build(child)) for child in node.value]
        if all(fill is None for _, fill in parts):
            return None

        def fill(context: Context, secrets: frozenset[str]) -> yaml.Node:
            filled = [child if one is None else one(context, secrets) for child, one in parts]
            return yaml.SequenceNode(node.tag, filled, node.start_mark, node.end_mark)

        return fill

    def _mapping(self, node: yaml.MappingNode) -> _Fill | None:
        parts = [(key, value, self._build(value)) for key, value in node.value]
        if all(fill is None for _, _, fill in parts):
            return None

        def fill(context: Context, secrets: frozenset[str]) -> yaml.Node:
            pairs = [
                (key, value if one is None else one(context, secrets)) for key, value, one in parts
            ]
            return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)

        return fill
