"""What a line says of a network: a bridge, or a named network namespace.

    {"type": "bridge", "name", "addresses": [ADDRESS/PREFIX], "mtu"}
    {"type": "namespace", "name", "bridge": LINK or "outer": [ADDRESS/PREFIX],
     "addresses", "mtu", "gateway": [ADDRESS], "routes": [{"to": NETWORK, "via": ADDRESS}]}

A namespace with `bridge` or `outer` has a pair of links: `eth0` in it, and an outer end that sits
on the bridge or bears addresses of its own.
"""

from __future__ import annotations

from enve_pm.core import inet, network
from enve_pm.core.fieldcheck import Bad, below, integer, one_of, record, tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from enve_pm.core.inet import Interface

LEAST, LEAST_IPV6, MOST = 68, 1280, 65535  # of mtu
_ON_A_PAIR = ("addresses", "mtu", "gateway", "routes")


def _listed(item: Callable[[Any], Any], most: int, least: int = 0) -> Callable[[Any], Any]:
    """A list of so many, each once."""

    def check(value: Any) -> Any:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Bad("a list of %d to %d" % (least, most), value)
        for i, one in enumerate(value):
            below("[%d]" % i, item, one)
        return value

    return check


def _addresses(value: Any) -> Any:
    _listed(inet.interface, 64)(value)
    hosts = [inet.interface(text).ip for text in value]
    if len(set(hosts)) != len(hosts):
        raise Bad("each address once", value)
    return value


_mtu = integer(LEAST, MOST)
_type = one_of(network.BRIDGE, network.NAMESPACE)
_shape = {
    network.BRIDGE: record(
        {"type": _type}, {"name": network.link_name, "addresses": _addresses, "mtu": _mtu}
    ),
    network.NAMESPACE: record(
        {"type": _type},
        {
            "name": network.netns_name,
            "bridge": network.link_name,
            "outer": _addresses,
            "addresses": _addresses,
            "mtu": _mtu,
            "gateway": _listed(inet.host, 2, 1),
            "routes": _listed(record({"to": inet.network, "via": inet.host}), 256),
        },
    ),
}


def body(value: Any) -> Any:
    """What a line says under `network`."""
    tagged("type", _shape)(value)
    own = [inet.interface(text) for text in value.get("addresses", ())]
    _check_mtu(value, own)
    if value["type"] == network.NAMESPACE:
        _check_pair(value)
        _check_gateways(value, own)
        _check_routes(value, own)
    return value


def _check_mtu(value: Any, own: Sequence[Interface]) -> None:
    every = [*own, *(inet.interface(text) for text in value.get("outer", ()))]
    if any(one.version == 6 for one in every):
        below(".mtu", integer(LEAST_IPV6, MOST), value.get("mtu", MOST))


def _check_pair(value: Any) -> None:
    ends = [key for key in (network.BRIDGE, "outer") if key in value]
    if len(ends) > 1:
        raise Bad("bridge or outer", "both")
    for key in _ON_A_PAIR:
        if key in value and not ends:
            raise Bad("bridge or outer, as nothing else leads out of it", "nothing")


def _check_gateways(value: Any, own: Sequence[Interface]) -> None:
    found = value.get("gateway", [])
    if len({inet.host(text).version for text in found}) != len(found):
        raise Bad("one gateway of IPv4, one of IPv6", found, ".gateway")
    for i, text in enumerate(found):
        _check_near(text, own, ".gateway[%d]" % i)


def _check_routes(value: Any, own: Sequence[Interface]) -> None:
    seen = {one.network for one in own}
    for i, route in enumerate(value.get("routes", ())):
        at, to = ".routes[%d]" % i, inet.network(route["to"])
        _check_near(route["via"], own, at + ".via")
        if to.version != inet.host(route["via"]).version:
            raise Bad("an address of the same protocol", route["via"], at + ".via")
        if not to.prefixlen:
            raise Bad("a network; the way to all others is the gateway", route["to"], at + ".to")
        if to in seen:
            raise Bad("a network that it has no way to yet", route["to"], at + ".to")
        seen.add(to)


def _check_near(text: str, own: Sequence[Interface], at: str) -> None:
    """Only a neighbour can be sent to."""
    there: Any = inet.host(text)
    for one in own:
        if one.version == there.version and there in one.network and there != one.ip:
            return
    raise Bad("another address in one of its own networks", text, at)
