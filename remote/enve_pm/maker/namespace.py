"""A named network namespace. Its `lo` bears the mark, and its number is kept, before the name is
there."""

from __future__ import annotations

import os
import time

from enve_pm.core import network
from enve_pm.maker import netns
from enve_pm.maker.laid import Laid
from enve_pm.maker.links import Links
from enve_pm.maker.netlink import Netlink
from enve_pm.maker.network import PAUSE, Mark
from enve_pm.maker.pair import Pair, remove_outer
from enve_pm.maker.place import Trouble
from enve_pm.maker.users import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.links import Link
    from enve_pm.maker.place import Place

LOOPBACK = "lo"


class NamespaceUnit:
    """`name`: below /run/netns."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.name = network.name(place.spec)
        self._mark = Mark(place)
        self._laid = Laid(place)
        self._has_pair = bool(network.outer(place.spec))

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        namespace = netns.find(self._place, self.name)
        if namespace < 0:
            return "there is no namespace %s" % self.name
        try:
            why = self._stranger(namespace)
            if why:
                return why
            if not _loopback(namespace).up:
                return "%s of namespace %s is down" % (LOOPBACK, self.name)
            return Pair(self._place, namespace).check() if self._has_pair else ""
        finally:
            os.close(namespace)

    def make(self) -> None:
        """Make it, or put right what of it differs."""
        namespace = netns.find(self._place, self.name)
        if namespace < 0:
            netns.create(self._place, self.name, self._begin)
            namespace = netns.find(self._place, self.name)
        if namespace < 0:
            raise Trouble("namespace %s was made, but something else lies over it" % self.name)
        try:
            why = self._stranger(namespace)
            if why:
                raise Trouble(why)
            with netns.Inside(namespace):
                self._begin()
            if self._has_pair:
                Pair(self._place, namespace).make()
        finally:
            os.close(namespace)

    def undo(self) -> None:
        """Remove it, as soon as nobody is in it. One of somebody else's is left alone."""
        namespace = netns.find(self._place, self.name)
        if namespace < 0:
            remove_outer(self._place)
            netns.remove(self._place, self.name, mounted=False)
            return
        try:
            own = not self._stranger(namespace)
            if own:
                self._wait(namespace)
        finally:
            os.close(namespace)
        remove_outer(self._place)
        if own:
            netns.remove(self._place, self.name, mounted=True)

    def _begin(self) -> None:
        """In the namespace."""
        self._laid.note_network(os.stat(netns.OWN))
        links = Links(Netlink())
        loopback = links.loopback()
        if loopback.alias != self._mark.alias:
            links.mark(loopback, self._mark.alias)
        if not loopback.up:
            links.raise_(loopback)

    def _wait(self, namespace: int) -> None:
        end = time.monotonic() + self._place.patience
        who = inside(namespace)
        while who:
            if time.monotonic() > end:
                raise Trouble("namespace %s is in use%s" % (self.name, who))
            time.sleep(PAUSE)
            who = inside(namespace)

    def _stranger(self, namespace: int) -> str:
        """Why it is none of ours. What its `lo` bears tells others, but who is in there may lie."""
        if self._laid.knows_network(os.fstat(namespace)):
            return ""
        return self._mark.stranger("namespace %s" % self.name, _loopback(namespace))


def _loopback(namespace: int) -> Link:
    with netns.Inside(namespace):
        return Links(Netlink()).loopback()
