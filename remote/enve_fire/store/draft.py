"""A draft: the folder in which an entry is made, until it is renamed to its place.

    .tmp.PID.RANDOM-NAME/out    the entry: $OUT
    .tmp.PID.RANDOM-NAME/work   whatever else is needed meanwhile; made by whoever needs it
    .tmp.PID.RANDOM-NAME/log    what was printed
    .tmp.PID.RANDOM-NAME/note   canonical JSON: `note` of the entry's meta
    .tmp.PID.RANDOM-NAME/facts  likewise: what goes before all else of the meta; of an entry that
                                somebody else has made

Whoever makes an entry is given `out`; `beside(out, LOG)` is the path of the others.
"""

from __future__ import annotations

import os
import time

from enve_fire.tree.written import fill
from enve_pm.core.canonical import dumps, loads
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

OUT, WORK, NOTE, FACTS = "out", "work", "note", "facts"
LOG, META, SUMS, TEXT = "log", "json", "sums", "txt"  # as they are called beside the entry, too
TMP, OLD = ".tmp.", ".old."
DAY = 86_400


def beside(out: str, what: str) -> str:
    return os.path.dirname(out) + "/" + what


def note(out: str, **facts: Any) -> None:
    """Keep facts about how it was made, as `note` of the entry's meta."""
    state(out, NOTE, {**stated(out, NOTE), **facts})


def state(out: str, what: str, facts: Mapping[str, Any]) -> None:
    """`what`: NOTE or FACTS."""
    write(beside(out, what), dumps(facts))


def stated(out: str, what: str) -> Mapping[str, Any]:
    """What `state` wrote; {} for nothing. Raises OSError, FormatError."""
    try:
        with open(beside(out, what), "rb") as file:
            found: Mapping[str, Any] = loads(file.read())
            return found
    except FileNotFoundError:
        return {}


def begin(shelf: str, name: str) -> str:
    """A new draft; its path."""
    path = "%s/%s%d.%s-%s" % (shelf, TMP, os.getpid(), os.urandom(6).hex(), name)
    os.mkdir(path, 0o700)
    os.mkdir(path + "/" + OUT)
    os.chmod(path + "/" + OUT, 0o755)  # noqa: S103  (the umask has no say)
    write(path + "/" + LOG, b"")
    return path


def aside(shelf: str, name: str) -> str:
    """A name for what is renamed away to be removed."""
    return "%s/%s%d.%s-%s" % (shelf, OLD, os.getpid(), os.urandom(6).hex(), name)


def of(name: str) -> str:
    """The entry that the name of a draft, or of what is being removed, belongs to; "" if none."""
    return name.partition("-")[2] if name.startswith((TMP, OLD)) else ""


def write(path: str, data: bytes, mode: int = 0o644) -> None:
    """Into a draft: what was there goes. It is on the disk when all of the draft is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fill(os.open(path, flags, 0o600), data, mode, sync=False)


def sweep(shelf: str, name: str, locked: bool) -> None:
    """Remove what earlier makers left, of one entry. `locked`: its lock is ours, so that none of
    them is alive; else those go whose process is gone, after a day."""
    for found in os.listdir(shelf):
        if of(found) == name and (locked or _abandoned(shelf + "/" + found)):
            remove(shelf + "/" + found)


def _abandoned(path: str) -> bool:
    """A process elsewhere may have the number, or be alive: so a day passes first."""
    pid = os.path.basename(path)[len(TMP) :].partition(".")[0]
    try:
        old = time.time() - os.lstat(path).st_mtime > DAY
    except FileNotFoundError:
        return False
    return old and not (pid.isdigit() and os.path.exists("/proc/" + pid))


def remove(path: str) -> None:
    """Whatever it is. A child of a killed maker may still write into it: then the next sweep."""
    try:
        with Folder.open(os.path.dirname(path)) as folder:
            folder.remove(os.path.basename(path))
    except OSError:
        pass
