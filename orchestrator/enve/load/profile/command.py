"""Commands in a profile: a line, a list of words, or a line for the shell."""

from __future__ import annotations

from typing import Any

from enve.load.command import argv, reload_words, shell, words
from enve.load.profile.kinds import TEXT, Kind, Schema, whole
from enve.load.profile.merge import Branch, Part, branch
from enve.load.profile.reader import Reader
from enve.load.yaml.item import Item

FILLED = ("ROOT", "PREFIX", "SRC")  # in the words of what runs, see `core.filled`


class Argv(Kind):
    """A command: a line that is split into words, a list of words, or {sh: TEXT}."""

    _keys: tuple[str, ...] = ("sh",)

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        reader.at(path, part)
        if isinstance(part, Branch) or part.is_table:
            return self._table(reader, branch(part, what), what, path)
        return argv(reader.fill(self._words(part, what), path), what)

    def _words(self, item: Item, what: str) -> Item:
        return words(item, what, FILLED)

    def _table(self, reader: Reader, table: Branch, what: str, path: str) -> Any:
        if len(table.keys) != 1 or next(iter(table.keys)) not in self._keys:
            raise table.item.bad(f"{what}: wanted a line, a list of words, or {{sh: TEXT}}")
        return argv(reader.fill(shell(_only(table)), path), what)

    def schema(self) -> Schema:
        return {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}, _one("sh")]}


class Reload(Argv):
    """A command too; `kill -HUP $MAINPID` is a signal, and {signal: HUP}."""

    _keys = ("sh", "signal")

    def _table(self, reader: Reader, table: Branch, what: str, path: str) -> Any:
        if "signal" not in table.keys or len(table.keys) > 1:
            return super()._table(reader, table, what, path)
        text = reader.fill(_only(table), path).text(what)
        return {"signal": text.removeprefix("SIG")}

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        if isinstance(part, Item) and not part.is_table and not part.secret:
            part = reload_words(part, what, FILLED)
        return super().read(reader, part, what, path)

    def schema(self) -> Schema:
        return {"anyOf": [*super().schema()["anyOf"], _one("signal")]}


def _only(table: Branch) -> Item:
    ((_, part),) = table.keys.values()
    return whole(part, "a command")


def _one(key: str) -> Schema:
    return {
        "type": "object",
        "properties": {key: TEXT},
        "required": [key],
        "additionalProperties": False,
    }
