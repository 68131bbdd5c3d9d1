"""What is left on a shelf when nobody is at it: drafts of the dead, failures of yesterday, and what
is known of entries that are gone."""

from __future__ import annotations

import os

from enve_fire.core import title as titles
from enve_fire.store import draft
from enve_fire.store import entry as entries
from enve_fire.store.entry import Entry
from enve_fire.store.lock import idle
from enve_fire.tree.written import unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator

KINDS = (draft.META, draft.TEXT, draft.LOG, draft.SUMS)


def tidy(shelf: str, lock_of: Callable[[str], str], now: float) -> None:
    """`lock_of`: the path of an entry's lock, which is not on each shelf. Raises OSError."""
    for name in sorted(set(_names(shelf))):
        handle = idle(lock_of(name))
        if handle is None:
            continue
        try:
            _clean(shelf, name, now)
            if not os.path.lexists(shelf + "/" + name):
                unlink(lock_of(name))
        finally:
            os.close(handle)


def forget(entry: Entry) -> None:
    """All that is known of it."""
    for kind in KINDS:
        unlink(entry.beside(kind))
    unlink("%s/%s/%s" % (entry.shelf, entries.USED, entry.name))


def _names(shelf: str) -> Iterator[str]:
    """Of entries that something is left of."""
    for found in os.listdir(shelf):
        if draft.of(found):
            yield draft.of(found)
    for inner in (entries.FAILED, entries.USED, entries.META, entries.LOCK):
        for found in os.listdir(shelf + "/" + inner):
            name = found.rpartition(".")[0] if inner == entries.META else found
            here = inner != entries.FAILED and os.path.lexists(shelf + "/" + name)
            if titles.parse_entry(name) and not here:
                yield name


def _clean(shelf: str, name: str, now: float) -> None:
    draft.sweep(shelf, name, locked=False)
    failed = "%s/%s/%s" % (shelf, entries.FAILED, name)
    if os.path.lexists(failed) and not _young(failed, now):
        draft.remove(failed)
    entry = Entry(shelf, name, "")
    if not os.path.lexists(entry.path) and not _young(entry.beside(draft.META), now):
        forget(entry)


def _young(path: str, now: float) -> bool:
    """Somebody may be at it, on a file system without locks."""
    try:
        return now - os.lstat(path).st_mtime < draft.DAY
    except FileNotFoundError:
        return False
