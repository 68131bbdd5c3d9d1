"""What quick runs and tests have left in our cache goes when nobody has written it for a month, and
so do the files of roots that were not laid since. Who runs the same again looks once more."""

from __future__ import annotations

import os
import stat
import time

from enve_fire.app import quick
from enve_fire.core import mark
from enve_fire.core.trouble import Trouble
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDERS = ("rc", "stat", "log")
ROOTS = "root"
MONTH = 30 * 86_400  # seconds; an rc file that is used is written anew each day


def prune(environ: Mapping[str, str]) -> None:
    """Only files of ours, in folders of ours. Raises OSError."""
    since = time.time() - MONTH
    for name in FOLDERS:
        for folder in _ours("%s/%s" % (quick.cache(environ), name)):
            _clean(folder, since)
    roots = "%s/%s" % (quick.cache(environ), ROOTS)
    for folder in _ours(roots):
        for name in folder.names():
            if _is_left(folder, name, since):
                _take_away("%s/%s" % (roots, name))


def _ours(path: str) -> Iterator[Folder]:
    try:
        folder = Folder.open(path)
    except OSError:
        return  # there is none, or it is not ours to look into
    with folder:
        if quick.is_ours(os.fstat(folder.fd)):
            yield folder


def _clean(folder: Folder, since: float) -> None:
    for name in folder.names():
        try:
            state = folder.stat(name)
            if stat.S_ISREG(state.st_mode) and quick.is_ours(state) and state.st_mtime < since:
                folder.unlink(name)
        except FileNotFoundError:
            continue  # somebody else has taken it


def _is_left(roots: Folder, name: str, since: float) -> bool:
    """Whether a root has not been laid since; its mark is written when it is."""
    try:
        state = roots.stat(name)
        if not stat.S_ISDIR(state.st_mode) or not quick.is_ours(state):
            return False
        with roots.below(name) as home:
            return _written(home, state) < since
    except OSError:
        return False  # somebody else has taken it


def _written(home: Folder, state: os.stat_result) -> float:
    try:
        return max(state.st_mtime, home.stat(mark.ROOT).st_mtime)
    except FileNotFoundError:
        return state.st_mtime


def _take_away(home: str) -> None:
    """The files of a root of which nothing is mounted, and that nobody is at."""
    from enve_fire.stage.settle.settle import unsettle
    from enve_fire.stage.settle.users import users
    from enve_pm.shell.process import mountinfo

    if not mountinfo.below(os.path.realpath(home), mountinfo.read()) and not users(home):
        try:
            unsettle(home, purge=True)
        except Trouble:
            pass  # it is in use
