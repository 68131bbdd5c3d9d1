"""Where the parts of a root lie, and what they are called."""

from __future__ import annotations

from enve_pm.core.digest import sha256
from enve_pm.core.filename import PLAIN, quote
from enve_pm.core.lean import namedtuple
from enve_pm.core.stages import SETTLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    Table = Mapping[str, Any]

ROOT = "root"
VOLUME = "volume-"
LONGEST = 32  # characters of a volume's path that its part is called by


def unit(part: str, spot: str) -> str:
    """`root!settle@web`"""
    return "%s!%s@%s" % (part, SETTLE, spot)


def in_root(spot: str, path: str) -> str:
    """As `enve_pm.core.rootpath` has it."""
    return "[%s]:%s" % (unit(ROOT, spot), path)


def volume(path: str) -> str:
    """The part that a volume is. Its place depends on nothing but its own path, so what stands
    beside it in the section moves no data."""
    if len(path) <= LONGEST and PLAIN.issuperset(path):
        return VOLUME + path
    return VOLUME + sha256(path.encode()).hexdigest()[:LONGEST]


class Where(namedtuple("Where", "spot spots data", defaults=("",))):
    """`path` is absolute: a relative one lies in the directory of the part that it is of."""

    __slots__ = ()

    if TYPE_CHECKING:
        spot: str
        spots: str
        data: str

    def path(self, part: str, path: str) -> str:
        name = unit(part, self.spot) if part else self.spot
        return path if path.startswith("/") else "/".join((self.spots, quote(name), path))

    def volume(self, one: Table) -> str:
        """What goes with the root lies with it."""
        if self.data and not one.get("ephemeral") and not one["path"].startswith("/"):
            return "%s/%s" % (self.data, one["path"])
        return self.path(volume(one["path"]), one["path"])
