"""Spots that ask for something of another unit at times: `timer` as the line of a unit says it."""

from __future__ import annotations

from typing import Any

from enve.load.yaml.item import Item
from enve_pm.core import cron

KEYS = ("unit", "do", "every", "at", "jitter", "catch_up")
DOES = ("start", "restart", "reload", "recheck")


def read_timer(item: Item, what: str) -> dict[str, Any]:
    """By an interval (`every`) or at times of the day (`at`)."""
    table = item.table(what, KEYS)
    if "unit" not in table:
        raise item.bad(f"{what}: which unit?", hint="unit: NAME, of the same pm")
    if ("every" in table) == ("at" in table):
        hint = "every: 10m, or at: '30 3 * * *'"
        raise item.bad(f"{what}: wanted either `every` or `at`", hint=hint)
    body: dict[str, Any] = {"unit": table["unit"].text(f"{what}: unit"), "do": "start"}
    if "do" in table:
        body["do"] = table["do"].choice(f"{what}: do", DOES)
    if "at" in table:
        body["at"] = _cron(table["at"], f"{what}: at")
    for key in ("every", "jitter"):
        if key in table:
            body[key] = table[key].duration_ms(f"{what}: {key}")
    if "catch_up" in table:
        body["catch_up"] = table["catch_up"].boolean(f"{what}: catch_up")
    return {"kind": "timer", "timer": body}


def _cron(item: Item, what: str) -> str:
    text = item.text(what)
    try:
        cron.parse(text)
    except cron.CronError as error:
        wanted, found = error.args
        hint = "minute hour day month weekday, as cron: '30 3 * * *' is every day at 03:30"
        raise item.bad(f"{what}: wanted {wanted}, found {found!r}", hint=hint) from None
    return text
