"""Tables and lists of a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from enve.core.suggest import did_you_mean
from enve.load.profile.kinds import Kind, Schema
from enve.load.profile.merge import Branch, Part, branch, is_nothing, place
from enve.load.profile.reader import Reader
from enve.load.yaml.item import Item

WHOLE = "a profile"  # what errors call the table at the top


class Listed(Kind):
    """A list, or one value that stands for a list of one."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def known(self, part: Part, what: str) -> None:
        if not is_nothing(part):
            for one in _several(part, what):
                self._kind.known(one, what)

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        items = enumerate(_several(part, what))
        return [self._kind.read(reader, one, what, f"{path}[{i}]") for i, one in items]

    def schema(self) -> Schema:
        inner = self._kind.schema()
        return {"anyOf": [{"type": "array", "items": inner}, inner]}


def _several(part: Part, what: str) -> Sequence[Part]:
    return [part] if isinstance(part, Branch) else part.several(what)


class Mapped(Kind):
    """A table with free keys. `empty`: whether a value may be null."""

    merges = True

    def __init__(self, kind: Kind, *, empty: bool = False) -> None:
        self._kind = kind
        self._empty = empty

    def below(self, name: str) -> Kind:
        return self._kind

    def known(self, part: Part, what: str) -> None:
        if not is_nothing(part):
            for name, (_, value) in branch(part, what).keys.items():
                self._kind.known(value, f"{name} of {what}")

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        found = {}
        for name, (key, value) in branch(part, what).keys.items():
            reader.at(f"{path}.{name}", key)
            found[name] = self._kind.read(reader, value, f"{name} of {what}", f"{path}.{name}")
        return found

    def schema(self) -> Schema:
        inner = _optional(self._kind) if self._empty else self._kind.schema()
        return {"type": "object", "additionalProperties": inner}


class Anything(Kind):
    """Data: tables, lists and plain values."""

    merges = True

    def below(self, name: str) -> Kind:
        return self

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        if isinstance(part, Item):
            return reader.fill(part, path).data(what)
        return {
            name: self.read(reader, value, f"{name} of {what}", f"{path}.{name}")
            for name, (_, value) in part.keys.items()
        }

    def schema(self) -> Schema:
        return {}


class Keyed(Kind):
    """A table with these keys only; what is null is as if it was not said."""

    merges = True

    def __init__(self, keys: Mapping[str, Kind], required: Sequence[str] = ()) -> None:
        self.keys = keys
        self._required = required

    def below(self, name: str) -> Kind | None:
        return self.keys.get(name)

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        return {
            name: self.keys[name].read(reader, value, _inner(name, what), f"{path}.{name}")
            for name, value in self.parts(part, what).items()
        }

    def known(self, part: Part, what: str) -> None:
        """Refuses keys that no such table has, at any depth, before anything is rendered."""
        if is_nothing(part):
            return
        for name, value in self.parts(part, what, ()).items():
            self.keys[name].known(value, _inner(name, what))

    def parts(
        self, part: Part, what: str, required: Sequence[str] | None = None
    ) -> dict[str, Part]:
        """What is said, by key."""
        found = {}
        for name, (key, value) in branch(part, what).keys.items():
            if name not in self.keys:
                raise key.bad(
                    f"unknown key {name!r} in {what}",
                    hint=did_you_mean(name, self.keys),
                    notes=(f"{what} takes: {' '.join(self.keys)}",),
                )
            if not is_nothing(value):
                found[name] = value
        for name in self._required if required is None else required:
            if name not in found:
                raise place(part).bad(f"{what}: the key {name} is missing")
        return found

    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {name: _optional(kind) for name, kind in self.keys.items()},
            "required": list(self._required),
            "additionalProperties": False,
        }


def _inner(name: str, what: str) -> str:
    return name if what == WHOLE else f"{name} of {what}"


def _optional(kind: Kind) -> Schema:
    found = {"anyOf": [kind.schema(), {"type": "null"}]}
    return {"description": kind.about, **found} if kind.about else found
