"""`ready`, `health` and `watchdog` of a spot: when it counts as running, and as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enve.load.command import argv
from enve.load.yaml.item import Item
from enve_pm.core import target
from enve_pm.core.target import TargetError

READY = ("wait", "pidfile", "notify", "fd", "check", *target.KEYS)
HEALTH = ("command", *target.KEYS)
MORE = ("every", "timeout", "failures", "on_failure")


def read_ready(item: Item, what: str) -> dict[str, Any]:
    if not item.is_table:
        item.choice(what, ("notify",))
        return {"ready": {"how": "notify"}}
    table = item.table(what, READY)
    how, value = _one(table, READY, item, what)
    if how == "check":
        return {"ready": {"how": how}, "check": argv(value, f"{what}: check")}
    return {"ready": {"how": how, **_how(how, value, f"{what}: {how}")}}


def read_health(item: Item, what: str) -> dict[str, Any]:
    table = item.table(what, (*HEALTH, *MORE))
    how, value = _one(table, HEALTH, item, what)
    body: dict[str, Any] = {"how": how}
    if how == "command":
        body["command"] = argv(value, f"{what}: command")
    else:
        body.update(_how(how, value, f"{what}: {how}"))
    for key in ("every", "timeout"):
        if key in table:
            body[key] = table[key].duration_ms(f"{what}: {key}")
    if "failures" in table:
        body["failures"] = table["failures"].integer(f"{what}: failures", 1, 1000)
    if "on_failure" in table:
        body["on_failure"] = table["on_failure"].choice(
            f"{what}: on_failure", ("restart", "report")
        )
    return {"health": body}


def _one(table: dict[str, Item], known: tuple[str, ...], item: Item, what: str) -> tuple[str, Item]:
    found = [key for key in table if key in known]
    if len(found) != 1:
        raise item.bad(f"{what}: wanted one of {' '.join(known)}, found {len(found)}")
    return found[0], table[found[0]]


def _how(how: str, value: Item, what: str) -> dict[str, Any]:
    if how in target.KEYS:
        return {target.KEYS[how]: _TARGETS[how](value, what)}
    if how == "wait":
        return {"ms": value.duration_ms(what)}
    if how == "pidfile":
        return {"path": value.text(what)}
    if how == "fd":
        return {"fd": value.integer(what, 3, 255)}
    if not value.boolean(what):
        raise value.bad(f"{what}: only true makes sense", hint="leave `ready` out")
    return {}


def _address(item: Item, what: str) -> str:
    text = item.text(what)
    if text.isdigit():
        text = f"{target.LOCAL}:{text}"  # a port of this machine
    return _checked(item, what, text, target.address)


def _url(item: Item, what: str) -> str:
    return _checked(item, what, item.text(what), target.url)


def _checked(item: Item, what: str, text: str, read: Callable[[str], Any]) -> str:
    try:
        read(text)
    except TargetError as error:
        hint = "names and TLS: `command`, such as curl -f https://..."
        raise item.bad(f"{what}: wanted {error}, found {text!r}", hint=hint) from None
    return text


def _path(item: Item, what: str) -> str:
    return item.text(what)


_TARGETS: dict[str, Callable[[Item, str], str]] = {
    target.TCP: _address,
    target.HTTP: _url,
    target.UNIX: _path,
    target.FILE: _path,
}
