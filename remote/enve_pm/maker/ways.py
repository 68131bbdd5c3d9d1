"""What leads over one link: its addresses and routes."""

from __future__ import annotations

import struct
from ipaddress import ip_address, ip_interface, ip_network

from enve_pm.core.lean import namedtuple
from enve_pm.maker.netlink import CREATE, EXCL, Netlink, attribute, number, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.inet import Host, Interface, Network

Route = namedtuple(
    "Route", "to via"
)  # a Network; the Host that knows the way, or None: on the link

_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_NEW_ROUTE, _DELETE_ROUTE, _GET_ROUTE = 24, 25, 26
_ADDRESS_HEAD = struct.Struct("=BBBBI")  # family, prefix, flags, scope, link
_ROUTE_HEAD = struct.Struct("=BBBBBBBBI")  # family, bits to and from, tos, table, maker, scope,
# type, flags
_ADDRESS, _LOCAL = 1, 2
_TO, _LINK, _VIA, _METRIC, _TABLE = 1, 4, 5, 6, 15
_FAMILIES = _INET, _INET6 = 2, 10
_MAIN, _BY_KERNEL, _STATIC, _UNICAST, _CLONED = 254, 2, 4, 1, 0x200
_NO_DAD = 2  # usable at once: nobody else may have it


class Ways:
    """Through a socket that was opened in the link's namespace. Everything raises OSError."""

    def __init__(self, netlink: Netlink, link: int) -> None:
        self._netlink = netlink
        self._link = link

    # -- addresses --------------------------------------------------------------------------------
    def addresses(self) -> set[Interface]:
        """Those that the kernel gives a link of IPv6 itself (fe80::) are among them."""
        found = set()
        for row in self._netlink.dump(_GET_ADDRESS, "addresses", _ADDRESS_HEAD.pack(0, 0, 0, 0, 0)):
            family, prefix, _, _, link = _ADDRESS_HEAD.unpack_from(row)
            words = parse(row[_ADDRESS_HEAD.size :])
            raw = words.get(_LOCAL) or words.get(_ADDRESS)
            if family in _FAMILIES and link == self._link and raw:
                found.add(ip_interface("%s/%d" % (ip_address(raw), prefix)))
        return found

    def add_address(self, address: Interface) -> None:
        self._address(_NEW_ADDRESS, address, CREATE | EXCL)

    def remove_address(self, address: Interface) -> None:
        self._address(_DELETE_ADDRESS, address, 0)

    def _address(self, kind: int, address: Interface, flags: int) -> None:
        family = _family(address)
        mark = _NO_DAD if family == _INET6 else 0
        head = _ADDRESS_HEAD.pack(family, address.network.prefixlen, mark, 0, self._link)
        packed = address.ip.packed
        words = attribute(_LOCAL, packed) + attribute(_ADDRESS, packed)
        self._netlink.tell(kind, str(address), head + words, flags)

    # -- routes -----------------------------------------------------------------------------------
    def routes(self) -> set[Route]:
        """Of the main table, but for those that come with addresses."""
        found = set()
        for row in self._netlink.dump(_GET_ROUTE, "routes", _ROUTE_HEAD.pack(*[0] * 9)):
            family, bits, _, _, table, by, _, kind, flags = _ROUTE_HEAD.unpack_from(row)
            words = parse(row[_ROUTE_HEAD.size :])
            here = family in _FAMILIES and number(words, _LINK) == self._link
            if (number(words, _TABLE) or table) != _MAIN:
                continue
            if here and by != _BY_KERNEL and kind == _UNICAST and not flags & _CLONED:
                found.add(Route(_network(family, words.get(_TO), bits), _host(words.get(_VIA))))
        return found

    def add_route(self, route: Route) -> None:
        self._route(_NEW_ROUTE, route, CREATE | EXCL)

    def remove_route(self, route: Route) -> None:
        self._route(_DELETE_ROUTE, route, 0)

    def _route(self, kind: int, route: Route, flags: int) -> None:
        bits = route.to.prefixlen
        by = _STATIC if kind == _NEW_ROUTE else 0  # 0: whoever made it
        way = (_MAIN, by, 0, _UNICAST, 0) if kind == _NEW_ROUTE else (_MAIN, by, 255, 0, 0)
        head = _ROUTE_HEAD.pack(_family(route.to), bits, 0, 0, *way)
        words = [attribute(_LINK, self._link)]
        if bits:
            words.append(attribute(_TO, route.to.network_address.packed))
        if route.via is not None:
            words.append(attribute(_VIA, route.via.packed))
        self._netlink.tell(kind, "route to %s" % route.to, head + b"".join(words), flags)


def _family(what: Host | Interface | Network) -> int:
    return _INET if what.version == 4 else _INET6


def _network(family: int, raw: bytes | None, bits: int) -> Network:
    return ip_network((raw or bytes(4 if family == _INET else 16), bits))


def _host(raw: bytes | None) -> Host | None:
    return ip_address(raw) if raw else None
