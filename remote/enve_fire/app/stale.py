"""What quick runs and tests have left in our cache goes when nobody has written it for a month. Who
runs the same again looks once more."""

from __future__ import annotations

import os
import stat
import time

from enve_fire.app import quick
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDERS = ("rc", "stat", "log")
MONTH = 30 * 86_400  # seconds; an rc file that is used is written anew each day


def prune(environ: Mapping[str, str]) -> None:
    """Only files of ours, in folders of ours. Raises OSError."""
    for name in FOLDERS:
        try:
            folder = Folder.open("%s/%s" % (quick.cache(environ), name))
        except OSError:
            continue  # there is none, or it is not ours to look into
        with folder:
            if quick.is_ours(os.fstat(folder.fd)):
                _clean(folder, time.time() - MONTH)


def _clean(folder: Folder, since: float) -> None:
    for name in folder.names():
        try:
            state = folder.stat(name)
            if stat.S_ISREG(state.st_mode) and quick.is_ours(state) and state.st_mtime < since:
                folder.unlink(name)
        except FileNotFoundError:
            continue  # somebody else has taken it
