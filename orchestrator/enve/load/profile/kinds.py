"""What one value of a profile may be: how it is read, and what editors are told about it.

`read(reader, part, what, path)` gives the value for the strict table or raises InputError;
`schema()` is the same as JSON Schema; `below(name)` is what stands under a key (see profilemerge).
"""

from __future__ import annotations

import re
from typing import Any

from enve.load.plan.content import octal
from enve.load.profile.merge import Branch, Part
from enve.load.profile.reader import Reader
from enve.load.yaml.item import Item

Schema = dict[str, Any]
_FOUR = re.compile(r"0?[1-7][0-7]{3}")
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{|\{%"}
TEXT: Schema = {"type": ["string", "number"]}


class Kind:
    """One value that is replaced as a whole."""

    about = ""
    merges = False

    def said(self, about: str) -> Kind:
        """With a sentence for editors."""
        self.about = about
        return self

    def below(self, name: str) -> Kind | None:
        return None

    def known(self, part: Part, what: str) -> None:
        """Refuses what cannot be one, as far as can be seen before it is rendered."""

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        return self.value(reader.fill(whole(part, what), path), what)

    def value(self, item: Item, what: str) -> Any:
        raise NotImplementedError

    def schema(self) -> Schema:
        raise NotImplementedError


def whole(part: Part, what: str) -> Item:
    """A value that is no table made of several."""
    if isinstance(part, Branch):
        raise part.item.wanted("one value", what)
    return part


class Text(Kind):
    def value(self, item: Item, what: str) -> str:
        return item.text(what, empty=True)

    def schema(self) -> Schema:
        return TEXT


class Private(Kind):
    """Text that may be a secret."""

    def read(self, reader: Reader, part: Part, what: str, path: str) -> str:
        reader.at(path, part)
        return reader.text(whole(part, what), what, path)[0]

    def schema(self) -> Schema:
        return TEXT


class Flag(Kind):
    def value(self, item: Item, what: str) -> bool:
        return item.boolean(what)

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "boolean"}, _TEMPLATE]}


class Number(Kind):
    def __init__(self, low: int, high: int) -> None:
        self._range = low, high

    def value(self, item: Item, what: str) -> int:
        return item.integer(what, *self._range)

    def schema(self) -> Schema:
        low, high = self._range
        return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _TEMPLATE]}


class Choice(Kind):
    def __init__(self, *options: str) -> None:
        self._options = options

    def value(self, item: Item, what: str) -> str:
        return item.choice(what, self._options)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self._options)}, _TEMPLATE]}


class Mode(Kind):
    """Permission bits as chmod takes them, also those of four digits."""

    def value(self, item: Item, what: str) -> int:
        if not item.is_table and not item.is_list and _FOUR.fullmatch(str(item)):
            return int(str(item), 8)
        return octal(item, what, "0644")

    def schema(self) -> Schema:
        return {"anyOf": [{"type": ["string", "integer"]}, _TEMPLATE]}


class Size(Kind):
    """Bytes: a number, or one with K M G T."""

    def value(self, item: Item, what: str) -> int:
        return item.size(what)

    def schema(self) -> Schema:
        return {"anyOf": [{"type": ["string", "integer"]}, _TEMPLATE]}


class Refresh(Kind):
    """`never`, `always`, or a time."""

    def value(self, item: Item, what: str) -> str | int:
        text = str(item)
        if text[:1].isdigit() and not item.is_table and not item.is_list:
            return int(text) if text.isdigit() else item.duration_ms(what) // 1000
        if text not in {"never", "always"}:
            raise item.wanted("never, always, or a time (seconds, 1h)", what)
        return text

    def schema(self) -> Schema:
        return {"anyOf": [{"type": ["integer", "string"]}, _TEMPLATE]}
