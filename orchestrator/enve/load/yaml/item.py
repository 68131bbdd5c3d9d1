"""A value in a YAML file, read as what a loader wants it to be.

A loader asks an Item for what it wants (`table`, `text`, `integer` ...) and gets the value or an
InputError that says what was wanted, what was found, and where. `what` names the place for people:
"spot 'edge'", "port of node 'web1'".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from enve.core.suggest import did_you_mean
from enve.load.yaml import scalar
from enve.load.yaml.cursor import Cursor

MERGE = "<<"
LARGEST = (1 << 53) - 1  # integers of canonical JSON
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class Item(Cursor):
    """One node of a file's tree, and what can be asked of it."""

    __slots__ = ()

    # -- containers ---------------------------------------------------------------------------
    def table(self, what: str, known: Sequence[str]) -> dict[str, Item]:
        """The values by key of a table that takes the `known` keys only."""
        result = {}
        for key, value in self.entries(what):
            name = str(key)
            if name not in known:
                raise key.bad(
                    f"unknown key {name!r} in {what}",
                    hint=did_you_mean(name, known),
                    notes=(f"{what} takes: {' '.join(known)}",),
                )
            result[name] = value
        return result

    def entries(self, what: str) -> list[tuple[Item, Item]]:
        """The (key, value) pairs of a table with free keys; keys are text, each stands once."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wanted("a table (key: value)", what)
        seen: dict[str, Item] = {}
        pairs, merged = [], []
        for key_node, value_node in self._node.value:
            key, value = Item(key_node, self.file), Item(value_node, self.file)
            if key_node.__class__ is yaml.ScalarNode and key_node.value == MERGE:
                merged += value._merged(what)
                continue
            self._once(key, seen, what)
            pairs.append((key, value))
        pairs += [pair for pair in merged if pair[0]._node.value not in seen]
        return pairs

    def _once(self, key: Item, seen: dict[str, Item], what: str) -> None:
        name = key._key(what)
        if name in seen:
            raise key.bad(
                f"the key {name!r} stands twice in {what}",
                notes=(f"first at {seen[name].where}",),
                hint="remove one of them",
            )
        seen[name] = key

    def _key(self, what: str) -> str:
        if not isinstance(self._node, yaml.ScalarNode):
            hint = "a value with {{ }} must stand in quotes"
            raise self.bad(f"a key of {what} must be text, found {self.found()}", hint=hint)
        return str(self._node.value)

    def _merged(self, what: str) -> list[tuple[Item, Item]]:
        sources = self.sequence(what) if self.is_list else [self]
        result: dict[str, tuple[Item, Item]] = {}
        for source in sources:
            for key, value in source.entries(what):
                result.setdefault(str(key), (key, value))
        return list(result.values())

    def sequence(self, what: str) -> list[Item]:
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wanted("a list", what)
        return [Item(node, self.file) for node in self._node.value]

    def several(self, what: str) -> list[Item]:
        """A list, or one value that stands for a list of one."""
        return self.sequence(what) if self.is_list else [self]

    def below(self, path: str) -> Item:
        """The value at a path (`.routes[0].via`), as far down as there is one."""
        found = next((row for row in self._steps() if _begins(path, row[0])), None)
        return self if found is None else found[1].below(path[len(found[0]) :])

    def _steps(self) -> list[tuple[str, Item]]:
        if self.is_table:
            return [(f".{key}", value) for key, value in self.entries("")]
        return [(f"[{i}]", one) for i, one in enumerate(self.sequence(""))] if self.is_list else []

    # -- scalars ------------------------------------------------------------------------------
    def text(self, what: str, *, empty: bool = False, controls: bool = False) -> str:
        """Text; plain numbers are taken as they are written. `controls`: it is only data."""
        kind = self._kind()
        if kind not in ("text", "an integer", "a decimal"):
            hint = "put it in quotes if it is text" if kind == "a boolean" else ""
            raise self.wanted("text", what, hint=hint)
        text = self._plain(what)
        if not text and not empty:
            raise self.bad(f"{what} is empty")
        if not controls and not text.isprintable() and _CONTROL.search(text):
            raise self.bad(f"{what} holds a control character")
        return text

    def texts(self, what: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        return tuple(item.text(what) for item in self.several(what))

    def choice(self, what: str, options: Sequence[str]) -> str:
        name = self.text(what)
        if name not in options:
            raise self.wanted(" or ".join(options), what, hint=did_you_mean(name, options))
        return name

    def integer(self, what: str, low: int = 0, high: int = LARGEST) -> int:
        if self._reads_as() != "an integer":
            raise self.wanted("an integer", what)
        number = int(self._plain(what)[:20])
        if not low <= number <= high:
            span = f"{low} to {high}" if low < high else f"{low}"
            raise self.bad(f"{what}: wanted {span}, found {self._node.value}")
        return number

    def boolean(self, what: str) -> bool:
        if self._reads_as() != "a boolean":
            raise self.wanted("true or false", what)
        return bool(scalar.value(self._plain(what)))

    def duration_ms(self, what: str) -> int:
        """A duration with its unit, in milliseconds; a bare 0 needs none."""
        text = self.text(what)
        found = 0 if text == "0" else scalar.milliseconds(text)
        if found is None:
            raise self.wanted("a duration (500ms 2s 10m 1h30m 7d)", what)
        return found

    def size(self, what: str) -> int:
        """A size in bytes: a number, or one with K M G T (of 1024)."""
        found = scalar.size(self.text(what))
        if found is None:
            raise self.wanted("a size (4096 64K 2G)", what)
        if found > LARGEST:
            raise self.wanted("a size of less than 8192T", what)
        return found

    def data(self, what: str) -> Any:
        """Anything, as Python values: for variables. Secrets are not data."""
        if self.is_table:
            return {str(k): v.data(what) for k, v in self.entries(what)}
        if self.is_list:
            return [item.data(what) for item in self.sequence(what)]
        if self.secret:
            raise self.bad(f"{what}: a secret can't stand here", hint="put it into a plan's vars")
        text = self._plain(what)
        if not self._bare:
            return text
        value = scalar.value(text)
        if isinstance(value, float) and str(value) != text:
            hint = f"put it in quotes: '{text}'"
            raise self.bad(f"{what}: {text} would be read as {value}", hint=hint)
        return value


def _begins(path: str, step: str) -> bool:
    return path.startswith(step) and path[len(step) :][:1] in ("", ".", "[")
