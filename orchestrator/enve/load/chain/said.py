"""What a plan says in `commit` of a spot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enve.load.profile.merge import given_at
from enve.load.profile.profiles import Asked
from enve.load.yaml.item import Item

KEYS = (
    *("url", "profile", "config", "set", "trust", "artifact", "place", "cfgpath", "timeout"),
    *("check_every", "secrets"),
)


def keys_of(item: Item, what: str) -> Mapping[str, Item]:
    """An url alone, or a table. Raises InputError."""
    keys = item.table(what, KEYS) if item.is_table else {"url": item}
    if "url" not in keys:
        raise item.bad(f"{what}: of what? wanted `url`", hint="git+https://HOST/PATH#v1.0")
    return keys


def asked(keys: Mapping[str, Item], inline: Item | None, what: str) -> Asked:
    """How the profile is to be read. `inline`: a whole one. Raises InputError."""
    names: tuple[str, ...] = ()
    if "profile" in keys:
        item = keys["profile"]
        texts = item.texts(f"profile of {what}") if item.is_list else [item.text(what)]
        names = tuple(texts)
    config = keys.get("config")
    if config is not None and not config.is_table:
        raise config.wanted("a table (key: value)", f"config of {what}")
    rows = keys["set"].entries(f"set of {what}") if "set" in keys else []
    sets = tuple((str(key), given_at(value, value.text(f"set of {what}"))) for key, value in rows)
    trust = "trust" in keys and keys["trust"].boolean(f"trust of {what}")
    return Asked(names, inline, config, sets, trust)


def text(keys: Mapping[str, Item], name: str, default: str, what: str) -> str:
    """Raises InputError."""
    return keys[name].text(f"{name} of {what}") if name in keys else default


def span(keys: Mapping[str, Item], name: str, default: int, what: str) -> int:
    """ms. Raises InputError."""
    return keys[name].duration_ms(f"{name} of {what}") if name in keys else default


def with_cfgpath(keys: Mapping[str, Item], table: Mapping[str, Any], what: str) -> dict[str, Any]:
    """With the variant of its setup."""
    if "cfgpath" not in keys:
        return dict(table)
    cfgpath = keys["cfgpath"].text(f"cfgpath of {what}")
    return {**table, "setup": {**table.get("setup", {}), "cfgpath": cfgpath}}
