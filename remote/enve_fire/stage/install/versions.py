"""Versions of a product lie side by side, each in a folder of its own, so that going back is
immediate; the oldest ones go when there are more than `install.keep`."""

from __future__ import annotations

import os

from enve_fire.core import mark, profile
from enve_fire.stage import marks
from enve_fire.stage.install.whole import Whole
from enve_fire.tree.pace import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Mapping

    from enve_fire.stage.install.place import Place
    from enve_fire.tree.pace import Report


def beside(place: Place, table: Mapping[str, Any]) -> list[str]:
    """The names of the folders beside this place that hold a version of the same product, the one
    that was installed last first. Raises Trouble, OSError."""
    above = os.path.dirname(place.root)
    found = []
    for name in os.listdir(above):
        path = "%s/%s/%s" % (above, name, mark.INSTALL)
        if name.startswith(table["title"]) and marks.read_hash(path):
            body = marks.read_body(path)
            if (body.get("title"), _product(body)) == (table["title"], name):
                found.append((os.lstat(path).st_mtime_ns, name))
    return [name for _, name in sorted(found, reverse=True)]


def _product(body: Mapping[str, Any]) -> str:
    return profile.product(body) if body.get("title") else ""


def prune(
    place: Place,
    table: Mapping[str, Any],
    used: Collection[str] = (),
    report: Report = quiet,
) -> list[str]:
    """Remove the oldest ones beyond `install.keep`; their names. Never the place itself, nor one of
    `used` (names of folders): something runs from there. Raises Trouble, OSError."""
    keep = profile.section(table, profile.INSTALL)["keep"]
    own = os.path.basename(place.root)
    found = [name for name in beside(place, table) if name != own]
    gone = [name for name in found[keep - 1 :] if name not in used]
    above = os.path.dirname(place.root)
    for name in gone:
        whole = Whole("%s/%s" % (above, name), report)
        whole.forget()
        whole.discard()
    return gone
