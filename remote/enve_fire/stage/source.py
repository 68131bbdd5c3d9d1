"""A source as a build gets it: a copy of its own, and when it was made."""

from __future__ import annotations

import os
import stat

from enve_fire.core.source import worked_in
from enve_fire.core.trouble import BUSY, Trouble
from enve_fire.tree import copy as copying
from enve_fire.tree import ignore
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.pace import Amount
from enve_fire.tree.walk import top, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.tree.pace import Report


def copy(fetched: Any, target: str, report: Report) -> None:
    """`fetched`: a `fetch.how.Fetched`. Raises Trouble (BUSY: it changes meanwhile), OSError."""
    mine = worked_in(fetched.source)
    tell = Amount(report, "copy of " + fetched.path)
    terms = copying.Terms(skip=ignore.of if mine else None, tell=tell)
    copying.copy(fetched.path, target, copying.AUTO, terms)
    _make_writable(target)
    if mine and tree_hash(target, skip=None, tell=tell) != fetched.source:
        raise Trouble(BUSY, "%s changed while it was copied" % fetched.path, "try again")


def _make_writable(folder: str) -> None:
    """A source in a store has files that nobody writes; a build may."""
    handle = top(folder)
    try:
        for inner, _, name, state in walk(handle):
            if not stat.S_ISLNK(state.st_mode) and not state.st_mode & stat.S_IWUSR:
                os.chmod(name, stat.S_IMODE(state.st_mode) | stat.S_IWUSR, dir_fd=inner)
    finally:
        os.close(handle)


def newest(folder: str) -> int:
    """The time of the newest of its files, in seconds."""
    handle = top(folder)
    try:
        times = [state.st_mtime for _, _, _, state in walk(handle, ignore.of(handle))]
        return int(max(times, default=0))
    finally:
        os.close(handle)
