"""`network` as the line of a unit says it: what network a spot is, or which one it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enve.load.yaml.item import Item
from enve_pm.core import inet
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.network import BRIDGE, NAMESPACE, link_name, netns_name
from enve_pm.core.networkbody import LEAST, MOST

Reader = Callable[[Item, str], Any]


def read_network(item: Item, what: str) -> dict[str, Any]:
    """A table: a bridge, or a namespace that may sit on one. A name: that of another spot."""
    if not item.is_table:
        return {"net": item.text(what)}
    table = item.table(what, tuple(_NAMESPACE))
    if "type" not in table:
        raise item.bad(f"{what}: which type?", hint=f"type: {BRIDGE}, or type: {NAMESPACE}")
    kind = table["type"].choice(f"{what}: type", (BRIDGE, NAMESPACE))
    readers = _BRIDGE if kind == BRIDGE else _NAMESPACE
    table = item.table(f"{what}, a {kind}", tuple(readers))
    body = {key: readers[key](value, f"{what}: {key}") for key, value in table.items()}
    return {"kind": "network", "network": body}


def _checked(check: Callable[[Any], Any]) -> Reader:
    """As the node reads it, with the place in the file."""

    def read(item: Item, what: str) -> str:
        text = item.text(what)
        try:
            check(text)
        except Bad as bad:
            raise item.bad(f"{what}: wanted {bad.args[0]}, found {text!r}") from None
        return text

    return read


def _list(read: Reader) -> Reader:
    return lambda item, what: [read(one, what) for one in item.several(what)]


def _route(item: Item, what: str) -> dict[str, str]:
    table = item.table(what, ("to", "via"))
    if len(table) < len(("to", "via")):
        raise item.bad(f"{what}: wanted `to` and `via`", hint="{to: 10.1.0.0/16, via: 10.9.0.1}")
    return {"to": _to(table["to"], f"{what}: to"), "via": _host(table["via"], f"{what}: via")}


_host = _checked(inet.host)
_to = _checked(inet.network)
_interfaces = _list(_checked(inet.interface))
_BRIDGE: dict[str, Reader] = {
    "type": lambda item, what: item.text(what),
    "name": _checked(link_name),
    "addresses": _interfaces,
    "mtu": lambda item, what: item.integer(what, LEAST, MOST),
}
_NAMESPACE: dict[str, Reader] = {
    **_BRIDGE,
    "name": _checked(netns_name),
    "bridge": _checked(link_name),
    "outer": _interfaces,
    "gateway": _list(_host),
    "routes": _list(_route),
}
