"""One product that another needs: where it comes from, and how its profile is to be read."""

from __future__ import annotations

from typing import Any, NamedTuple

from enve.load.profile.compound import Keyed, Listed, Mapped
from enve.load.profile.kinds import TEXT, Choice, Kind, Schema, Text, whole
from enve.load.profile.merge import Part, given_at
from enve.load.profile.reader import Reader
from enve.load.yaml.item import Item
from enve_fire.core import profile


class Asked(NamedTuple):
    """How a profile is to be read. `profiles`: names, laid over each other in this order;
    `inline`: stands for the product's own; `config`: a layer above; `sets`: values by key;
    `trust`: what was fetched may say how its build is kept in, and so may all that it needs."""

    profiles: tuple[str, ...] = ()
    inline: Item | None = None
    config: Item | None = None
    sets: tuple[tuple[str, Item], ...] = ()
    trust: bool = False


class Needed(NamedTuple):
    """A row of `deps`. `item`: where it stands, `url`: as it is written."""

    item: Item
    url: str
    stage: str
    asked: Asked


class _Raw(Kind):
    """A layer for another profile: filled in here, read there."""

    def value(self, item: Item, what: str) -> Item:
        if not item.is_table:
            raise item.wanted("a table (key: value)", what)
        return item

    def schema(self) -> Schema:
        return {"type": "object"}


class _Which(Kind):
    """Names of profiles, or a whole one."""

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Any:
        item = whole(part, what)
        kind: Kind = _Raw() if item.is_table else Listed(Text())
        return kind.read(reader, item, what, path)

    def schema(self) -> Schema:
        return {"anyOf": [TEXT, {"type": "array", "items": TEXT}, {"type": "object"}]}


class Dep(Keyed):
    """One of `deps.build`, `deps.install`, `deps.run`."""

    def __init__(self) -> None:
        keys: dict[str, Kind] = {
            "url": Text().said("Where it comes from."),
            "profile": _Which().said("Which of its profiles, or a whole one in place of its own."),
            "stage": Choice(profile.BUILD, profile.INSTALL).said("How far it has to be."),
            "config": _Raw().said("What is laid over its profile."),
            "set": Mapped(Text()).said("Values for its variables, or for keys: build.network."),
        }
        super().__init__(keys, ("url",))

    def read(self, reader: Reader, part: Part, what: str, path: str) -> Needed:
        found = super().read(reader, part, what, path)
        which = found.get("profile", ())
        sets = found.get("set", {})
        asked = Asked(
            () if isinstance(which, Item) else tuple(which),
            which if isinstance(which, Item) else None,
            found.get("config"),
            tuple(
                (name, given_at(reader.places[f"{path}.set.{name}"], value))
                for name, value in sets.items()
            ),
        )
        return Needed(whole(part, what), found["url"], found.get("stage", ""), asked)
