"""Who may read and write what: the folders of HOME and RUN with their modes.

A system install opens what the group pm-march may see; a user's install is its owner's alone.
"""

from __future__ import annotations

import os

from enve_pm.core.lean import namedtuple
from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

# path; mode and whether the group pm-march has it, for a system install. A user's is 0700.
Folder = namedtuple("Folder", "path mode shared")

HOME = (
    Folder("", 0o711, False),
    *(Folder(name, 0o700, False) for name in ("trust", "trust/keys", "plans", "store", "units")),
    *(Folder(name, 0o700, False) for name in ("jobs", "sub", "feed", "log")),
    Folder("lib", 0o755, False),  # sub-pms of other users run the same program
    Folder("spots", 0o711, False),
    *(Folder(name, 0o750, True) for name in ("public", "public/sub", "public/acks")),
)
RUN = (
    Folder("", 0o755, False),
    Folder("lease", 0o750, True),
    Folder("inbox", 0o1730, True),
)
USER_MODE = 0o700
LOCK = "default.pipe.lock"
OURS = {
    LOCK,
    "march",
    "default.pipe",
    "input",
    "lock",
    "pm",
    "run",
}  # marks of pm


def make(home: str, run: str, gid: int) -> list[str]:
    """Make both trees and mend their modes; what was changed. gid -1: a user's install."""
    changed = []
    for base, table in ((home, HOME), (run, RUN)):
        _is_free(base, table)
        files.parents(base, 0o755 if gid >= 0 else USER_MODE)
        if gid >= 0:
            files.enterable(base)
        for row in table:
            path = base + "/" + row.path if row.path else base
            if files.folder(path, *_owned(row, gid)):
                changed.append(path)
    if _lock("%s/%s" % (run, LOCK), gid):
        changed.append("%s/%s" % (run, LOCK))
    return changed


def _is_free(base: str, table: tuple[Folder, ...]) -> None:
    """A folder that serves something else (`pipe: /tmp/x`) must not get our modes."""
    try:
        found = set(os.listdir(base))
    except OSError:
        return  # not there yet, or told about by the next step
    ours = {row.path for row in table} | OURS
    if found and not found & ours:
        raise Problem(
            "%s is in use for something else (%s ...)" % (base, sorted(found)[0]),
            "give pm's home and pipe a folder of their own",
        )


def _owned(row: Folder, gid: int) -> tuple[int, int]:
    if gid < 0:
        return USER_MODE, -1
    return row.mode, gid if row.shared else -1


def leases(run: str, lanes: Iterable[str], gid: int) -> None:
    """A lock per lane that somebody may march in: the group may take it, but not make new ones."""
    for lane in lanes:
        _lock("%s/lease/%s" % (run, lane), gid)


def _lock(path: str, gid: int) -> bool:
    """The writers' lock: never replaced, because somebody may hold it right now."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    if gid >= 0:
        os.fchown(handle, -1, gid)
    os.fchmod(handle, 0o660 if gid >= 0 else 0o600)
    os.close(handle)
    return True
