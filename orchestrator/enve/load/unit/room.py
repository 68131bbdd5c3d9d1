"""Spots that are no processes: `mount`, `volume` ... as the line of a unit says them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enve.load.plan.content import octal
from enve.load.unit.network import read_network
from enve.load.yaml.item import Item

ROOT = "root"
WHERE = "data"  # below the spot's directory, where the plan names no place

Reader = Callable[[Item, str], Any]


def read_mount(item: Item, what: str) -> dict[str, Any]:
    """With `from` a folder seen at a second place, else one in memory."""
    body = _body(item, what, _MOUNT)
    kind = "bind" if "from" in body else "tmpfs"
    body.setdefault("type", kind)
    if body["type"] != kind:
        wanted = "`from`" if body["type"] == "bind" else "no `from`"
        raise item.bad(f"{what}: a {body['type']} wants {wanted}")
    return {"kind": "mount", "mount": {"at": WHERE, **body}}


def read_volume(item: Item, what: str) -> dict[str, Any]:
    """A folder for data."""
    return {"kind": "volume", "volume": {"path": WHERE, **_body(item, what, _VOLUME)}}


def read_subroot(item: Item, what: str) -> dict[str, Any]:
    """Over other folders (`overlay`), of a few that are shown (`paths`), or of what is pushed."""
    body = _body(item, what, _SUBROOT)
    kinds = [kind for kind in ("overlay", "paths") if kind in body]
    if len(kinds) > 1:
        raise item.bad(f"{what}: wanted overlay or paths, found both")
    if "overlay" in body:
        line = {"type": "overlay", "lower": body.pop("overlay")}
    else:
        line = {"type": "bind" if "paths" in body else "tar"}
    return {"kind": "subroot", "subroot": {"at": ROOT, **line, **body}}


def _body(item: Item, what: str, readers: dict[str, Reader]) -> dict[str, Any]:
    if item.is_nothing:
        return {}
    table = item.table(what, tuple(readers))
    return {key: readers[key](value, f"{what}: {key}") for key, value in table.items()}


def _text(item: Item, what: str) -> str:
    return item.text(what)


def _words(item: Item, what: str) -> list[str]:
    return list(item.texts(what))


def _size(item: Item, what: str) -> int:
    return item.size(what)


def _mode(item: Item, what: str) -> int:
    return octal(item, what, "0755")


def _subvolume(item: Item, what: str) -> str:
    """A bare `yes` is refused, as others read it as `true`: so that will do too."""
    said = {"true": "yes", "false": "no"}.get(str(item))
    return said or item.choice(what, ("auto", "yes", "no"))


_MOUNT: dict[str, Reader] = {
    "type": lambda item, what: item.choice(what, ("bind", "tmpfs")),
    "at": _text,
    "from": _text,
    "options": _words,
    "size": _size,
    "mode": _mode,
}
_VOLUME: dict[str, Reader] = {
    "path": _text,
    "mode": _mode,
    "quota": _size,
    "subvolume": _subvolume,
    "ephemeral": lambda item, what: item.boolean(what),
}
_SUBROOT: dict[str, Reader] = {
    "at": _text,
    "overlay": _words,
    "size": _size,
    "upper": _text,
    "paths": _words,
    "setuid": lambda item, what: item.boolean(what),
}
ROOMS: dict[str, Callable[[Item, str], dict[str, Any]]] = {
    "mount": read_mount,
    "volume": read_volume,
    "subroot": read_subroot,
    "network": read_network,
}
