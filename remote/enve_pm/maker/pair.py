"""The pair of links that leads into a namespace of ours: `eth0` in it, the outer end on the node.

It is made in the namespace, and its outer end moved out when it bears its mark: at no moment is
there a link on the node that nobody could tell to be ours.
"""

from __future__ import annotations

import os

from enve_pm.core import inet, network
from enve_pm.core.network import INNER
from enve_pm.maker import netns
from enve_pm.maker.fitting import Fitting
from enve_pm.maker.links import Links
from enve_pm.maker.netlink import Netlink
from enve_pm.maker.network import Mark
from enve_pm.maker.place import Trouble
from enve_pm.maker.ways import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.inet import Interface
    from enve_pm.maker.links import Link
    from enve_pm.maker.place import Place


class Pair:
    """`namespace`: an open file. It is made in the node's namespace."""

    def __init__(self, place: Place, namespace: int) -> None:
        self._body = place.body
        self._mark = Mark(place)
        self._outer = network.outer(place.spec)
        self._namespace = namespace
        self._node = Netlink()
        with netns.Inside(namespace):
            self._within = Netlink()

    def check(self) -> str:
        """Why it does not lead there as it should; empty when it does."""
        ends = self._ends()
        why = self._strange(*ends) or self._unlike(*ends)
        bridge = self._bridge()
        if not why and bridge is None and network.BRIDGE in self._body:
            why = "there is no bridge %s" % self._body[network.BRIDGE]
        if why:
            return why
        outer, inner = ends
        why = self._outer_fitting(bridge).differs(self._node, outer)
        if not why:
            with netns.Inside(self._namespace):
                why = self._inner_fitting().differs(self._within, inner)
        return why

    def make(self) -> None:
        """Make it, or put right what of it differs. Raises Trouble, OSError."""
        ends = self._ends()
        if self._strange(*ends):
            raise Trouble(self._strange(*ends))
        bridge = self._bridge()
        if bridge is None and network.BRIDGE in self._body:
            name = self._body[network.BRIDGE]
            raise Trouble("there is no bridge %s: name the unit that makes it in `needs`" % name)
        if self._unlike(*ends):
            self._renew(ends[0])
            ends = self._ends()
        outer, inner = ends
        self._outer_fitting(bridge).settle(self._node, outer)
        with netns.Inside(self._namespace):
            self._inner_fitting().settle(self._within, inner)

    # -- its ends ---------------------------------------------------------------------------------
    def _ends(self) -> tuple[Any, Any]:
        """The Links, or None."""
        return Links(self._node).all().get(self._outer), Links(self._within).all().get(INNER)

    def _strange(self, *ends: Link | None) -> str:
        """Why one of them is none of ours. The inner end of our outer one is, whatever it bears."""
        outer, inner = ends
        if outer is not None and self._mark.owns(outer) and not self._unlike(outer, inner):
            return ""
        found = [self._mark.stranger(end.name, end) for end in ends if end is not None]
        return next(filter(None, found), "")

    def _unlike(self, outer: Link | None, inner: Link | None) -> str:
        """Why they are not the two ends of one pair."""
        if inner is None or outer is None:
            return "there is no link %s" % (INNER if inner is None else self._outer)
        if (outer.peer, inner.peer) != (inner.index, outer.index):
            return "%s does not lead to %s" % (self._outer, INNER)
        return ""

    def _renew(self, outer: Link | None) -> None:
        within = Links(self._within)
        if outer is not None:
            Links(self._node).remove(outer)
        for name in (INNER, self._outer):  # a pm before us may have been cut off before it moved
            left = within.all().get(name)
            if left is not None and self._mark.owns(left):
                within.remove(left)
        within.add_pair(self._outer, INNER, self._mark.group)
        for name in (self._outer, INNER):
            within.mark(within.all()[name], self._mark.alias)
        self._move(within.all()[self._outer])

    def _move(self, outer: Link) -> None:
        home = netns.own()
        try:
            Links(self._within).move(outer, home)
        finally:
            os.close(home)

    # -- what they should be ----------------------------------------------------------------------
    def _bridge(self) -> Link | None:
        found = Links(self._node).all().get(self._body.get(network.BRIDGE, ""))
        return found if found is not None and found.kind == "bridge" else None

    def _outer_fitting(self, bridge: Link | None) -> Fitting:
        return Fitting(self._interfaces("outer"), self._body.get("mtu", 0), bridge)

    def _inner_fitting(self) -> Fitting:
        routes = [
            Route(inet.network(route["to"]), inet.host(route["via"]))
            for route in self._body.get("routes", ())
        ]
        for text in self._body.get("gateway", ()):
            host = inet.host(text)
            everything = "0.0.0.0/0" if host.version == 4 else "::/0"
            routes.append(Route(inet.network(everything), host))
        return Fitting(self._interfaces("addresses"), self._body.get("mtu", 0), None, routes)

    def _interfaces(self, key: str) -> list[Interface]:
        return [inet.interface(text) for text in self._body.get(key, ())]


def remove_outer(place: Place) -> None:
    """And with it the pair, if it is ours."""
    links = Links(Netlink())
    found = links.all().get(network.outer(place.spec))
    if found is not None and Mark(place).owns(found):
        links.remove(found)
