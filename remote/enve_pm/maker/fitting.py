"""How one link of ours should be, how it differs, and how it gets there without losing the rest."""

from __future__ import annotations

from enve_pm.maker import ipv6
from enve_pm.maker.links import Links
from enve_pm.maker.ways import Route, Ways

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_pm.core.inet import Interface
    from enve_pm.maker.links import Link
    from enve_pm.maker.netlink import Netlink


class Fitting:
    """`mtu` 0: as it comes · `bridge`: the one that it sits on, or None · `routes`: all that lead
    over it. Everything is done in the link's namespace."""

    def __init__(
        self,
        addresses: Sequence[Interface],
        mtu: int,
        bridge: Link | None = None,
        routes: Sequence[Route] = (),
    ) -> None:
        self._addresses = set(addresses)
        self._mtu = mtu
        self._bridge = bridge
        self._routes = set(routes)
        self._ipv6 = any(address.version == 6 for address in addresses)

    def differs(self, netlink: Netlink, link: Link) -> str:
        """Why it is not as it should be; empty when it is."""
        return self._body(link) or ipv6.differs(link.name, self._ipv6) or self._ways(netlink, link)

    def settle(self, netlink: Netlink, link: Link) -> None:
        """Change what differs. Raises Trouble, OSError."""
        links, ways = Links(netlink), Ways(netlink, link.index)
        ipv6.settle(link.name, self._ipv6)
        if self._mtu and link.mtu != self._mtu:
            links.resize(link, self._mtu)
        if link.master != self._master:
            links.join(link, self._master)
        if not link.up:
            links.raise_(link)
        self._settle_addresses(ways)
        self._settle_routes(ways)

    @property
    def _master(self) -> int:
        return 0 if self._bridge is None else int(self._bridge.index)

    def _body(self, link: Link) -> str:
        if self._mtu and link.mtu != self._mtu:
            return "%s has mtu %d" % (link.name, link.mtu)
        if link.master != self._master:
            if self._bridge is None:
                return "%s sits on a bridge" % link.name
            return "%s does not sit on %s" % (link.name, self._bridge.name)
        return "" if link.up else "%s is down" % link.name

    # -- addresses and routes ---------------------------------------------------------------------
    def _ways(self, netlink: Netlink, link: Link) -> str:
        ways = Ways(netlink, link.index)
        found = _chosen(ways.addresses())
        for address in sorted(self._addresses - found, key=str):
            return "%s lacks %s" % (link.name, address)
        for address in sorted(found - self._addresses, key=str):
            return "%s has %s, too" % (link.name, address)
        routes = ways.routes()
        for route in sorted(self._routes - routes, key=str):
            return "%s lacks the route to %s by %s" % (link.name, route.to, route.via)
        for route in sorted(routes - self._routes, key=str):
            return "%s has a route to %s, too" % (link.name, route.to)
        return ""

    def _settle_addresses(self, ways: Ways) -> None:
        for address in _chosen(ways.addresses()) - self._addresses:
            ways.remove_address(address)
        for address in self._addresses - ways.addresses():  # others may have gone with the first
            ways.add_address(address)

    def _settle_routes(self, ways: Ways) -> None:
        found = ways.routes()
        for route in found - self._routes:
            ways.remove_route(route)
        for route in self._routes - found:
            ways.add_route(route)


def _chosen(addresses: set[Interface]) -> set[Interface]:
    """Without what the kernel gives every link of IPv6."""
    return {one for one in addresses if not (one.version == 6 and one.ip.is_link_local)}
