"""What lies in a place of its own that no stage has laid there."""

from __future__ import annotations

import os

from enve_fire.core import laying, mark
from enve_fire.core.configfile import SAVED
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.tree.listing import IS_FOLDER
from enve_fire.tree.names import real, shown
from enve_fire.tree.walk import top
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Iterable, Iterator, Mapping, Sequence

    from enve_fire.stage.install.place import Place
    from enve_fire.tree.listing import Listed

MOST = 10_000  # paths


def extra(root: str, rows: Sequence[Listed], laid: Collection[str]) -> list[str]:
    """Paths below the root, a folder for all that is in it; `rows`: of the install, `laid`: paths
    that setups have laid. Raises OSError."""
    above = {folder[1:] for path in laid for folder in laying.above("/" + path)}
    folders = {"", *above, *(row[0] for row in rows if row[1] == IS_FOLDER)}
    known = {mark.FOLDER, *folders, *(row[0] for row in rows), *laid}
    known.update(path + SAVED for path in laid)
    found: list[str] = []
    with Folder(top(root or "/")) as base:
        for folder in sorted(folders):
            found += [path for path in _paths(base, folder) if path not in known]
            if len(found) >= MOST:
                break
    return found[:MOST]


def left(place: Place, table: Mapping[str, Any], laid: Iterable[str]) -> list[str]:
    """What is there besides at the end of a setup that has `laid` these: its commands wrote that,
    or the software has."""
    try:
        rows = [] if place.shared else marks.read_files(place.installed(table))
    except Trouble:
        return []  # a damaged mark is told by whoever verifies
    return extra(place.root, rows, {listed(path) for path in laid}) if rows else []


def listed(path: str) -> str:
    """A path that a setup lays, as the listing of an install has it."""
    return shown(os.fsencode(path.lstrip("/")))


def _paths(base: Folder, folder: str) -> Iterator[str]:
    """Of what is in one folder; nothing where it is gone, which is told elsewhere."""
    steps = [os.fsdecode(step) for step in real(folder).split(b"/")] if folder else []
    lead = folder + "/" if folder else ""
    try:
        with base.reach(steps, make=False) as here:
            names = here.names()
    except OSError:
        return
    for name in names:
        yield lead + shown(os.fsencode(name))
