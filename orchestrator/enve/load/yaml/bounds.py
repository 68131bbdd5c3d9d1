"""What no YAML file of ours may hold, though the parser takes it."""

from __future__ import annotations

import yaml

from enve.errors import InputError, Where

ALIASES = 1000  # that one file may use
GROWTH = 100_000  # nodes that aliases may add to a tree
_NAMING = "!secret"  # with the name of one
_TAGS = ("", "!", _NAMING, "tag:yaml.org,2002:str")


class Bounds:
    """Refuses foreign tags, recursion, and trees that aliases blow up."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._weight: dict[int, int] = {}  # id of a finished node -> nodes below it, expanded
        self._open: set[int] = set()
        self._aliases = 0
        self._added = 0

    def visit(self, node: yaml.Node, parent: yaml.Node) -> int:
        """How many nodes the tree below `node` has once its aliases are written out."""
        if node.tag not in _TAGS:
            raise self._bad(node, f"unknown tag {_tag(node.tag)}", "only !secret is known")
        if isinstance(node, yaml.ScalarNode):
            return 1
        if node.tag == _NAMING:
            raise self._bad(node, "!secret takes a name, no table and no list", "!secret NAME")
        if id(node) in self._weight:
            return self._alias(self._weight[id(node)], parent)
        if id(node) in self._open:
            raise self._bad(node, "an anchor that contains itself", "write the values out")
        self._open.add(id(node))
        weight = 1 + sum(self.visit(child, node) for child in _children(node))
        self._open.discard(id(node))
        self._weight[id(node)] = weight
        return weight

    def _alias(self, weight: int, parent: yaml.Node) -> int:
        self._aliases += 1
        self._added += weight
        if self._aliases > ALIASES or self._added > GROWTH:
            message = f"aliases blow this file up: more than {ALIASES}, or {GROWTH} nodes by them"
            raise self._bad(parent, message, "write the values out, or use groups and variables")
        return weight

    def _bad(self, node: yaml.Node, message: str, hint: str) -> InputError:
        mark = node.start_mark
        where = Where(self._file, mark.line + 1, mark.column + 1)
        return InputError(message, where=where, hint=hint)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
