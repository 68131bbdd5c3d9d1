"""What to do about a program that is to run and is not there."""

from __future__ import annotations

import os

from enve_fire.stage import marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.app.prepared import Prepared

SHOWN = 8  # names


def hint(found: Prepared, program: str) -> str:
    """`program`: a path, or a name for PATH. Raises Trouble where a mark is damaged."""
    home, root = found.where.home, found.where.root
    path = program if "/" in program else "%s/bin/%s" % (home, program)
    if not program or not path.startswith(home + "/") or os.path.exists(path):
        return ""
    if not root:
        return "a program in PATH, or a path in %s" % home
    laid = {row[0] for mark, _ in found.marks for row in marks.read_files(mark)}
    if path[len(root) :].lstrip("/") in laid:
        return "it was installed; enve verify --forget %s has it laid again the next time" % home
    told = "" if "/" in program else "it is not in PATH; "
    return told + _instead(laid, os.path.dirname(path[len(root) :].lstrip("/")))


def _instead(laid: set[str], folder: str) -> str:
    """What is in that folder."""
    names = sorted(path[len(folder) + 1 :] for path in laid if os.path.dirname(path) == folder)
    if not names:
        return "nothing was installed in /" + folder
    more = " .." if len(names) > SHOWN else ""
    return "what was installed in /%s: %s%s" % (folder, " ".join(names[:SHOWN]), more)
