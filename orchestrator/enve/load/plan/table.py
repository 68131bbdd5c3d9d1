"""The table of one spot as it stands in a plan, before anything is rendered."""

from __future__ import annotations

from enve.load.command import reload_words, replaced, without, words
from enve.load.unit.line import KEYS
from enve.load.yaml.item import Item

_COMMANDS = ("run", "check", "make", "undo")
COMMIT = "commit"
_PROFILE = "profile"


def prepared(item: Item, what: str) -> dict[str, Item]:
    """The spot's table with its commands split into words."""
    if not item.is_table:
        raise item.wanted("a table (key: value)", what)
    table = item.table(what, KEYS)
    for name in _COMMANDS:
        if name in table:
            table[name] = words(table[name], f"{name} of {what}")
    if "reload" in table:
        table["reload"] = reload_words(table["reload"], f"reload of {what}")
    for name, inner in (("ready", "check"), ("health", "command"), ("loader", "command")):
        if name in table and table[name].is_table:
            table[name] = _split(table[name], inner, what)
    return table


def pulled(table: dict[str, Item]) -> Item | None:
    """A whole profile in `commit`: its templates see the profile's variables, not the plan's."""
    if COMMIT not in table or not table[COMMIT].is_table:
        return None
    found = [v for k, v in table[COMMIT].entries(COMMIT) if str(k) == _PROFILE and v.is_table]
    if found:
        table[COMMIT] = without(table[COMMIT], _PROFILE)
    return found[0] if found else None


def _split(table: Item, name: str, what: str) -> Item:
    """The table with the command in it split into words."""
    found = [value for key, value in table.entries(what) if str(key) == name]
    return replaced(table, {name: words(found[0], f"{name} of {what}")}) if found else table
