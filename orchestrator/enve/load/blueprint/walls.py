"""The walls of a nested pm, as a blueprint writes them: `root`, `jail`, `network` and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from enve.errors import InputError
from enve.load.yaml.item import Item
from enve_pm.core import walls
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.room import FIELDS

KEYS: Mapping[str, str] = {  # key of the blueprint -> key of the pm's line
    "root": "root",
    "jail": "jail",
    "network": "net",
    "hostname": "hostname",
    "users": "users",
}
_READERS: Mapping[str, Callable[[Item, str], Any]] = {"jail": Item.boolean, "users": Item.integer}
_CALLED = {line: key for key, line in KEYS.items()}


def read_walls(table: Mapping[str, Item], mode: str, what: str) -> dict[str, Any]:
    """As `enve_pm.core.walls` knows them. `what`: "pm 'shop'"."""
    found = {}
    for key, line in KEYS.items():
        if key in table:
            value = _READERS.get(key, Item.text)(table[key], f"{key} of {what}")
            if value is not False:
                found[line] = _checked(table[key], line, value, f"{key} of {what}")
    flaw = walls.flaw(mode, found)
    if flaw is not None:
        raise wrong(table, what, *flaw)
    return found


def _checked(item: Item, line: str, value: Any, what: str) -> Any:
    try:
        return FIELDS[line](value)
    except Bad as bad:
        raise item.bad(f"{what}: wanted {bad.args[0]}, found {str(item)!r}") from None


def wrong(
    table: Mapping[str, Item], what: str, line: str, wanted: str, found: object
) -> InputError:
    """Something about one of them, where it stands."""
    key = _CALLED[line]
    return table[key].bad(f"{key} of {what}: wanted {wanted}, found {found!r}")
