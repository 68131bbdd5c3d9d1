"""Variables as inventories and plans hold them: names that a template can say, plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from enve.load.yaml.item import Item

# What templates know beside the variables: no variable can take these names.
RESERVED = ("node", "nodes", "groups", "spot", "facts", "domain", "plan")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
NONE: Mapping[str, Any] = MappingProxyType({})


def read_variables(item: Item | None, what: str) -> Mapping[str, Any]:
    """The variables of a `vars` table; none when there is no such table."""
    if item is None or item.is_nothing:
        return NONE
    return {name(key, what): value.data(f"{what}: {key}") for key, value in item.entries(what)}


def name(key: Item, what: str) -> str:
    """The name of a variable, checked."""
    text = str(key)
    if not _NAME.match(text):
        raise key.bad(
            f"{what}: {text!r} can't be a variable's name",
            hint="letters, digits and _, a letter first",
        )
    if text in RESERVED:
        raise key.bad(
            f"{what}: {text!r} is a name that templates know already",
            notes=(f"taken: {' '.join(RESERVED)}",),
            hint="choose another name",
        )
    return text
