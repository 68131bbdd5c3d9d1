"""What the processes of a spot find themselves in, and with which rights: keys of a plan's spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enve.load.blueprint.ceiling import capabilities, read_limits
from enve.load.plan.content import octal
from enve.load.yaml.item import Item
from enve_pm.core import rootpath
from enve_pm.core.inside import NONE
from enve_pm.core.listening import DATAGRAM, STREAM
from enve_pm.core.room import NAMESPACES
from enve_pm.core.terminal import MOST

Reader = Callable[[Item, str], Any]


def _true(item: Item, what: str) -> bool:
    return item.boolean(what)


def _texts(item: Item, what: str) -> list[str]:
    return list(item.texts(what))


def _read_only(item: Item, what: str) -> bool | list[str]:
    if item.is_list or str(item).startswith("/"):
        return _texts(item, what)
    if not item.boolean(what):
        raise item.bad(f"{what}: wanted true or paths", hint="leave `read_only` out")
    return True


def _namespaces(item: Item, what: str) -> list[str]:
    return [one.choice(what, NAMESPACES) for one in item.several(what)]


def _terminal(item: Item, what: str) -> bool | dict[str, int]:
    """`true`, or its size."""
    if not item.is_table:
        if not item.boolean(what):
            raise item.bad(f"{what}: wanted true or a size", hint="leave `terminal` out")
        return True
    table = item.table(what, ("rows", "columns"))
    return {key: value.integer(f"{what}: {key}", 1, MOST) for key, value in table.items()}


def _sockets(item: Item, what: str) -> dict[str, Any]:
    """Each an address or a path, or a table with more about it."""
    entries = item.entries(what)
    return {str(name): _socket(value, f"{what}: {name}") for name, value in entries}


def _socket(item: Item, what: str) -> dict[str, Any]:
    if not item.is_table:
        return {"listen": _listen(item, what)}
    table = item.table(what, tuple(_SOCKET))
    return {key: _SOCKET[key](value, f"{what}: {key}") for key, value in table.items()}


def _listen(item: Item, what: str) -> str:
    """A port alone would be taken for the name of a file."""
    text = item.text(what)
    if text.isdigit():
        hint = f"'127.0.0.1:{text}' for this node alone, '0.0.0.0:{text}' and '[::]:{text}' for all"
        raise item.bad(
            f"{what}: wanted an address with its port, or a path, found {text}", hint=hint
        )
    return text


_SOCKET: dict[str, Reader] = {
    "listen": _listen,
    "type": lambda item, what: item.choice(what, (STREAM, DATAGRAM)),
    "backlog": lambda item, what: item.integer(what, 1, 65535),
    "mode": lambda item, what: octal(item, what, "0660"),
}
_KEYS: dict[str, tuple[str, Reader]] = {  # key of the plan -> key of the line
    "capabilities": ("capabilities", capabilities),
    "no_new_privs": ("no_new_privs", _true),
    "oom_score_adj": ("oom_score_adj", lambda item, what: item.integer(what, -1000, 1000)),
    "limits": ("limits", read_limits),
    "private_tmp": ("private_tmp", _true),
    "read_only": ("read_only", _read_only),
    "writable": ("writable", _texts),
    "hidden": ("hidden", _texts),
    "namespaces": ("namespaces", _namespaces),
    "hostname": ("hostname", lambda item, what: item.text(what)),
    "root": ("root", lambda item, what: item.text(what)),
    "sockets": ("sockets", _sockets),
    "terminal": ("terminal", _terminal),
}
ORIGIN = {"net": "network"}  # see `enve.load.unit.network`


def _reader(key: str, read: Reader) -> Callable[[Item, str], dict[str, Any]]:
    return lambda item, what: {key: read(item, what)}


INSIDE = {name: _reader(key, read) for name, (key, read) in _KEYS.items()}


def needed(line: dict[str, Any]) -> None:
    """What it enters has to be there first: it stands in `needs`, said or not."""
    named = (line.get("root", NONE), line.get("net", NONE))
    for name in (*named, *rootpath.units(line.get("mount", {})).values()):
        if name != NONE and name not in line.get("needs", ()):
            line["needs"] = [*line.get("needs", ()), name]
