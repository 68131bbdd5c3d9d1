"""Keyholes: which key may march what, where, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from enve.core.resolve import names_of, nodes_of_segment
from enve.core.suggest import did_you_mean
from enve.core.terms import GROUP
from enve.errors import UsageError
from enve.load.keyfile import PublicKey, ReadKey
from enve.load.yaml.item import Item
from enve.load.yaml.moment import unix_seconds
from enve.model.blueprint import Keyhole
from enve.model.site import Domain
from enve_pm.core import address, stores
from enve_pm.core.policy import MARCH

KEYS = ("key", "may", "lanes", "scope", "from", "until")
ROLES = (MARCH, stores.ROLE)
_LANE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


def read_keys(item: Item | None, read: ReadKey) -> dict[str, PublicKey]:
    """`keys`: a name for people -> the key in the file. Errors name the line that asks for it."""
    keys: dict[str, PublicKey] = {}
    for key, value in [] if item is None or item.is_nothing else item.entries("keys"):
        name = str(key)
        if not _NAME.fullmatch(name):
            raise key.bad(f"{name!r} can't be the name of a key", hint="letters digits _ - . @")
        path = Path(value.text(f"key {name!r}")).expanduser()
        keys[name] = read(Path(value.file).parent / path)
    return keys


class ScopedKeyhole:
    """A keyhole and the nodes that it concerns."""

    def __init__(self, keyhole: Keyhole, item: Item, domain: Domain) -> None:
        self.keyhole = keyhole
        self.item = item
        # Patterns that name a group are written out for each node: nodes know no groups.
        self._by_pattern = [(text, _nodes(text, item, domain)) for text in keyhole.scope]

    def of(self, node: str) -> Keyhole | None:
        """The keyhole as this node gets it, or None when it says nothing about the node."""
        found = [text for text, nodes in self._by_pattern if node in nodes]
        if not found:
            return None
        if not any(text.startswith(GROUP) for text in found):
            return self.keyhole
        scope = tuple(_for_node(text, node) for text in found)
        old = self.keyhole
        return Keyhole(
            *(old.name, old.fingerprint, old.public_key, old.may, old.lanes, scope),
            since=old.since,
            until=old.until,
            where=old.where,
        )


def _for_node(text: str, node: str) -> str:
    if not text.startswith(GROUP):
        return text
    return f"{address.format((node,))}.{text.partition('.')[2]}"


def _nodes(text: str, item: Item, domain: Domain) -> frozenset[str]:
    if text.startswith(GROUP):
        try:
            return frozenset(names_of(domain, text.partition(".")[0]))
        except UsageError as error:
            raise item.bad(f"scope {text!r}: {error.message}", hint=error.hint) from None
    return frozenset(nodes_of_segment(domain, address.Pattern.parse(text).segments[0]))


def read_keyholes(
    item: Item | None, keys: Mapping[str, PublicKey], domain: Domain
) -> list[ScopedKeyhole]:
    """`keyholes`: a list of tables."""
    if item is None or item.is_nothing:
        return []
    rows = item.sequence("keyholes")
    return [ScopedKeyhole(_keyhole(row, keys), row, domain) for row in rows]


def _keyhole(item: Item, keys: Mapping[str, PublicKey]) -> Keyhole:
    table = item.table("a keyhole", KEYS)
    for needed in ("key", "scope"):
        if needed not in table:
            raise item.bad(f"a keyhole without {needed!r}", hint="{key: NAME, scope: 'web*.**'}")
    name = table["key"].text("key of a keyhole")
    what = f"keyhole of {name!r}"
    if name not in keys:
        hint = did_you_mean(name, keys, "add it under `keys`")
        raise table["key"].bad(f"no key is called {name!r}", hint=hint)
    since = unix_seconds(table["from"], f"from of {what}") if "from" in table else 0
    until = unix_seconds(table["until"], f"until of {what}") if "until" in table else 0
    if until and until <= since:
        raise table["until"].bad(f"{what} ends before it begins")
    return Keyhole(
        name=name,
        fingerprint=keys[name].fingerprint,
        public_key=keys[name].ring,
        may=_roles(table.get("may"), what),
        lanes=_lanes(table.get("lanes"), what),
        scope=tuple(_pattern(one, what) for one in table["scope"].several(f"scope of {what}")),
        since=since,
        until=until,
        where=item.where,
    )


def _roles(item: Item | None, what: str) -> tuple[str, ...]:
    if item is None:
        return (MARCH,)
    return tuple(one.choice(f"may of {what}", ROLES) for one in item.several(f"may of {what}"))


def _lanes(item: Item | None, what: str) -> tuple[str, ...]:
    if item is None:
        return ("main",)
    lanes = item.texts(f"lanes of {what}")
    for lane in lanes:
        if not _LANE.fullmatch(lane):
            raise item.bad(f"lanes of {what}: {lane!r} can't be a lane", hint="letters digits _ -")
    return lanes


def _pattern(item: Item, what: str) -> str:
    """An address pattern, or `group:NAME.` and a pattern below the nodes."""
    text = item.text(f"scope of {what}")
    group, dot, rest = text.partition(".") if text.startswith(GROUP) else ("", "", text)
    try:
        found = address.Pattern.parse(rest)
    except address.AddressError as error:
        raise item.bad(
            f"scope of {what}: {error}", hint="such as web*.** or db1.postgres"
        ) from None
    if (group and not dot) or (not group and len(found.segments) == 1 and found.segments[0]):
        hint = f"all units of these nodes are '{text}.**'"
        raise item.bad(f"scope of {what}: {text!r} names nodes, but no units of them", hint=hint)
    return text
