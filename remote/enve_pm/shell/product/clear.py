"""What pm laid down for a unit that is gone goes too: placed files, and a sub-pm's bookkeeping.

Everything in a spot's directory is done with the rights of the directory's owner, so a link or a
record that he lays there leads only where he could go himself. What the unit's processes wrote
stays, with the directory around it; so do logs.
"""

from __future__ import annotations

import os

from enve_pm.shell.process.rights import Rights
from enve_pm.shell.product import placed
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.home import BOOKS

SIDES = ("feed", "sub")  # the parent's side of a sub-pm; `sub` last: it tells what the unit was
KEPT = ("spots", "log")  # of a sub-pm's HOME: gone only when empty


def clear(home: str, name: str) -> None:
    """`name`: the unit's file name (see `core.filename`). Raises OSError."""
    with Folder.open(home) as folder:
        _unit(folder, name)


def _unit(home: Folder, name: str) -> None:
    nested = home.has("sub") and _holds(home, "sub", name)
    if _holds(home, "spots", name):
        with home.below("spots") as spots:
            with spots.below(name) as spot, Rights.of_owner(spot.fd).lowered():
                if nested:
                    _home(spot)
                placed.clear(spot)
            _trees(spots, name)
            _if_empty(spots, name)
    for side in SIDES if nested else ():
        with home.below(side) as folder:
            folder.remove(name)


def _trees(spots: Folder, name: str) -> None:
    """The files of a root, which are anybody's; nothing is mounted in them (see `maker.layer`)."""
    with spots.below(name) as spot:
        for one in spot.names():
            if one.startswith(placed.TREE):
                spot.remove(one)


def _home(home: Folder) -> None:
    """The HOME of a sub-pm that has ended."""
    if home.has("spots"):
        with home.below("spots") as spots:
            names = spots.names()
        for name in names:
            _unit(home, name)
    for name in BOOKS:
        home.remove(name)
    for name in KEPT:
        _if_empty(home, name)


def _holds(home: Folder, side: str, name: str) -> bool:
    with home.below(side) as folder:
        return folder.has(name)


def _if_empty(folder: Folder, name: str) -> None:
    try:
        os.rmdir(name, dir_fd=folder.fd)
    except OSError:
        pass  # something is left in there, and stays
