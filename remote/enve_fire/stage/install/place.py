"""Where a product is installed: a folder with a name, and where its marks lie."""

from __future__ import annotations

import os

from enve_fire.core import mark, profile
from enve_fire.core.trouble import INSTALL
from enve_fire.stage import marks
from enve_fire.stage.config import private
from enve_fire.tree import ground

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_pm.shell.state.folder import Folder


class Place:
    """root: an absolute folder. name: what the install's hash knows it by; where it lies is no part
    of that. shared: other things lie there too, so only the product's own files are touched."""

    __slots__ = ("name", "root", "shared")

    def __init__(self, root: str, name: str, shared: bool = False) -> None:
        self.root = root.rstrip("/")  # "" is the system's own root
        self.name = name
        self.shared = shared

    def prefix(self, table: Mapping[str, Any]) -> str:
        """The software's own folder: `$ROOT$PREFIX`."""
        return self.root + str(table["prefix"])

    def mark(self, name: str) -> str:
        """The path of a mark, or of what else lies beside: `mark(mark.ROOT)`."""
        return "%s/%s" % (self.root, name)

    def installed(self, table: Mapping[str, Any]) -> str:
        """The mark of its install."""
        return self._own(table, mark.INSTALL, "")

    def deps(self, table: Mapping[str, Any]) -> str:
        """The text that names the entries that it runs with, one a line: `CATALOG/HASH-TITLE`."""
        return self._own(table, mark.DEPS, ".deps")

    def env(self, table: Mapping[str, Any]) -> str:
        """The text for `sh` that finds what it runs with."""
        return self.mark(mark.env(profile.product(table), self.shared))

    def _own(self, table: Mapping[str, Any], alone: str, end: str) -> str:
        if not self.shared:
            return self.mark(alone)
        return self.mark("%s/%s%s" % (mark.INSTALLS, profile.product(table), end))


def holds(place: Place, table: Mapping[str, Any], hash_: str) -> bool:
    """Whether just this is installed there. Who else could have laid the mark, or can put another
    root in the place of this one, says nothing: what lies there would be run."""
    path = place.installed(table)
    return marks.read_hash(path, os.geteuid()) == hash_ and ground.is_firm(os.path.dirname(path))


def marks_of(place: Place) -> Folder:
    """The folder that the marks of installs lie in; made where it is missing. Nobody but root and
    we can lead us elsewhere on the way, or lay anything in it. Raises Trouble, OSError."""
    with ground.opened(place.root or "/", INSTALL) as top:
        here = private.own(top, mark.FOLDER, 0o755, INSTALL)
    if not place.shared:
        return here
    with here:
        return private.own(here, mark.INSTALLS.rpartition("/")[2], 0o755, INSTALL)
