"""Spots that bring signed plans from elsewhere: `loader` as the line of a unit says it."""

from __future__ import annotations

from typing import Any

from enve.load.command import argv
from enve.load.yaml.item import Item
from enve_pm.core import loaderbody

KEYS = (*loaderbody.SOURCES, "ca", "every", "jitter", "size")


def read_loader(item: Item, what: str) -> dict[str, Any]:
    """From one of a file, a url, or what a command prints."""
    table = item.table(what, KEYS)
    found = [key for key in loaderbody.SOURCES if key in table]
    if len(found) != 1:
        hint = "url: https://HOST/PLAN, file: /PATH, or command: WORDS"
        raise item.bad(f"{what}: from where?" if not found else f"{what}: one source", hint=hint)
    body: dict[str, Any] = {}
    for key in ("file", "url", "ca"):
        if key in table:
            body[key] = table[key].text(f"{what}: {key}")
    if "command" in table:
        body["command"] = argv(table["command"], f"{what}: command")
    for key in ("every", "jitter"):
        if key in table:
            body[key] = table[key].duration_ms(f"{what}: {key}")
    if "size" in table:
        body["size"] = table["size"].size(f"{what}: size")
    return {"kind": "loader", "loader": body}
