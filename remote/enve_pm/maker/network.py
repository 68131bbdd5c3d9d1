"""Units of kind network: whose they are, and what both types share. Root's alone.

Every link and namespace of pm bears the mark of its unit as an alias, so that nobody else's is ever
changed or removed, whatever it is called.
"""

from __future__ import annotations

import os

from enve_pm.core import network
from enve_pm.core.digest import sha256
from enve_pm.maker.place import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.links import Link
    from enve_pm.maker.place import Place
    from enve_pm.maker.step import Made

_MARK = "pm:"
_LONGEST = 200  # bytes; the kernel keeps 255 of an alias
PAUSE = 0.1  # seconds between two looks at what is in use


def network_unit(place: Place) -> Made:
    """What the line says it is."""
    if os.geteuid():
        return _Denied()
    if place.body["type"] == network.BRIDGE:
        from enve_pm.maker.bridge import BridgeUnit

        return _Root(BridgeUnit(place))
    from enve_pm.maker.namespace import NamespaceUnit

    return _Root(NamespaceUnit(place))


class _Root:
    """Root's pm. In a container root may be nobody."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self.check = made.check
        self.undo = made.undo

    def make(self) -> None:
        """Raises Trouble, OSError."""
        try:
            self._made.make()
        except PermissionError as error:
            why = "the kernel refuses it (%s)" % (error.filename or error.strerror)
            raise Trouble(why + ": it wants CAP_NET_ADMIN and CAP_SYS_ADMIN") from None


class _Denied:
    """A user's pm."""

    def check(self) -> str:
        """Why it is not there."""
        return "only a pm that is root's can make networks; this one runs as uid %d" % os.geteuid()

    def make(self) -> None:
        """Nothing is half done."""
        raise Trouble(self.check())

    def undo(self) -> None:
        """Nothing was made."""


class Mark:
    """What tells a unit's links from all others: `pm:` and its directory, which no two units of a
    machine share. A new link has no alias yet: it begins in a group of that number."""

    def __init__(self, place: Place) -> None:
        raw = os.fsencode(place.spot)
        self.alias = _MARK + (place.spot if len(raw) <= _LONGEST else sha256(raw).hexdigest())
        self.group = int(sha256(raw).hexdigest()[:7], 16) + 1

    def owns(self, link: Link) -> bool:
        """Also one whose maker was cut off before it had its alias."""
        return link.alias == self.alias or (not link.alias and link.group == self.group)

    def stranger(self, what: str, link: Link) -> str:
        """Why the link, or what it stands for, is not this unit's; empty where it is."""
        if self.owns(link):
            return ""
        if link.alias.startswith(_MARK):
            return "%s belongs to another unit: %s" % (what, link.alias[len(_MARK) :])
        return "%s is there already, and pm did not make it" % what
