"""Sockets that pm holds for a unit: `{NAME: {"listen", "type", "backlog", "mode"}}`."""

from __future__ import annotations

from enve_pm.core import target
from enve_pm.core.fieldcheck import Bad, integer, mapping, one_of, place, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FIRST = 3  # the number of the first one in the process
MOST = 64
STREAM, DATAGRAM = "stream", "datagram"
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")


def _name(value: Any) -> Any:
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or not _NAME.issuperset(value):
        raise Bad("a socket's name of 1 to 64 letters, digits, _ - and .", value)
    return value


def _listen(value: Any) -> Any:
    if isinstance(value, str) and is_inet(value):
        try:
            target.address(value)
        except target.TargetError as error:
            raise Bad(f"{error}, or a path", value) from None
        return value
    return place(value)


def is_inet(listen: str) -> bool:
    """An address with a port; else a path."""
    return "/" not in listen and ":" in listen


def port(one: Mapping[str, Any]) -> int:
    """0: it has a path."""
    listen = one["listen"]
    return int(target.address(listen).port) if is_inet(listen) else 0


def body(value: Any) -> Any:
    mapping(_name, _socket, MOST)(value)
    if not value:
        raise Bad("a socket", "nothing")
    places = [one["listen"] for one in value.values()]
    for name, one in value.items():
        if places.count(one["listen"]) > 1 and is_inet(one["listen"]) is False:
            raise Bad("each path once", one["listen"], f".{name}.listen")
        if "mode" in one and is_inet(one["listen"]):
            raise Bad("no mode, as it is no path", one["mode"], f".{name}.mode")
    return value


_socket = record(
    {"listen": _listen},
    {
        "type": one_of(STREAM, DATAGRAM),
        "backlog": integer(1, 65535),
        "mode": integer(0, 0o777),
    },
)
