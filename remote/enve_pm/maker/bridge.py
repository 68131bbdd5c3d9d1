"""A bridge on the node, with addresses."""

from __future__ import annotations

import time

from enve_pm.core import inet, network
from enve_pm.maker.fitting import Fitting
from enve_pm.maker.links import Links
from enve_pm.maker.netlink import Netlink
from enve_pm.maker.network import PAUSE, Mark
from enve_pm.maker.place import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place


class BridgeUnit:
    """`name`: of the link."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.name = network.name(place.spec)
        self._mark = Mark(place)
        self._netlink = Netlink()
        self._links = Links(self._netlink)
        addresses = [inet.interface(text) for text in place.body.get("addresses", ())]
        self._fitting = Fitting(addresses, place.body.get("mtu", 0))

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        link = self._links.all().get(self.name)
        if link is None:
            return "there is no bridge %s" % self.name
        why = self._mark.stranger(self.name, link)
        return why or self._fitting.differs(self._netlink, link)

    def make(self) -> None:
        """Make it, or put right what of it differs."""
        if self.name not in self._links.all():
            self._links.add_bridge(self.name, self._mark.group)
        link = self._links.all()[self.name]
        if not self._mark.owns(link):
            raise Trouble(self._mark.stranger(self.name, link))
        if not link.alias:
            self._links.mark(link, self._mark.alias)
        self._fitting.settle(self._netlink, link)

    def undo(self) -> None:
        """Remove it, as soon as nothing sits on it. One of somebody else's is left alone."""
        end = time.monotonic() + self._place.patience
        while True:
            links = self._links.all()
            link = links.get(self.name)
            if link is None or not self._mark.owns(link):
                return
            on = sorted(one.name for one in links.values() if one.master == link.index)
            if not on:
                break
            if time.monotonic() > end:
                raise Trouble("%s is in use: %s on it" % (self.name, " ".join(on[:10])))
            time.sleep(PAUSE)
        self._links.remove(link)
