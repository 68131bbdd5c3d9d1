"""Collecting: what is not needed goes, one entry after the other, each under its lock."""

from __future__ import annotations

import os
import time

from enve_fire.core import title as titles
from enve_fire.store import draft, inuse, shelf, survey
from enve_fire.store import entry as entries
from enve_fire.store.collection import DAY, Collection, Thing
from enve_fire.store.lock import idle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Sequence

    from enve_fire.store.survey import Item, Shelf

KINDS = (draft.META, draft.TEXT, draft.LOG, draft.SUMS)


class Collector:
    """Of what is mine in one folder of a store; what root or another user has there is theirs."""

    def __init__(self, store: str, shelves: Sequence[Shelf], me: int) -> None:
        self.store = store
        self.me = me
        self.now = time.time()
        self.shelves = shelves
        self.items = {
            item.entry.path: item for one in self.shelves for item in survey.items(one, me)
        }
        self.roots = survey.held(self.shelves, me)
        things = [
            Thing(path, item.entry.name, item.bytes, item.used, survey.deps(item))
            for path, item in self.items.items()
        ]
        self._users: dict[str, int] | None = None
        pairs = [(root.name, root.entry) for root in self.roots]
        self.collection = Collection(things, pairs)

    def doomed(self, most: int | None, older: int | None) -> list[Item]:
        """What would go, first to last."""
        found = self.collection.doomed(self.now, most, older)
        return [self.items[thing.key] for thing in found]

    def run(self, doomed: Sequence[Item]) -> list[Item]:
        """Those that went: not those that somebody holds, uses, or has asked for meanwhile."""
        gone = [item for item in doomed if item.entry.path not in self.users() and self._gone(item)]
        for one in self.shelves:
            self._tidy(one)
        return gone

    def why(self, item: Item) -> list[str]:
        """What keeps an entry, in words."""
        chains = self.collection.why(item.entry.name)
        lines = ["root %s: %s" % (chain[0], " -> ".join(chain[1:])) for chain in chains]
        idle_for = self.now - self.collection.used[item.entry.name]
        if not chains and idle_for < DAY:
            lines.append("it was of use within a day, by itself or by what needs it")
        if self._held(item):
            lines.append("somebody holds its lock")
        if item.entry.path in self.users():
            lines.append("process %d uses it" % self.users()[item.entry.path])
        return lines

    def users(self) -> dict[str, int]:
        """Paths of entries -> a process that uses it, at the first look."""
        if self._users is None:
            self._users = inuse.users(self.store)
        return self._users

    # -- one entry ---------------------------------------------------------------------------------
    def _lock(self, one: Shelf, name: str) -> str:
        first = shelf.mine(self.store, one.catalog, one.private, self.me)[0]
        shelf.furnish(first, self.me)
        return "%s/%s/%s" % (first, entries.LOCK, name)

    def _held(self, item: Item) -> bool:
        handle = idle(self._lock(item.shelf, item.entry.name))
        if handle is not None:
            os.close(handle)
        return handle is None

    def _gone(self, item: Item) -> bool:
        path = self._lock(item.shelf, item.entry.name)
        handle = idle(path)
        if handle is None:
            return False
        try:
            if time.time() - item.entry.used() < DAY:
                return False  # asked for since we looked
            _remove(item.entry)
            _unlink(path)
        finally:
            os.close(handle)
        return True

    # -- what makers left --------------------------------------------------------------------------
    def _tidy(self, one: Shelf) -> None:
        """Drafts of the dead, failures of yesterday, and what is known of entries that are gone."""
        shelf.furnish(one.path, self.me)
        for name in sorted(set(_leftovers(one.path))):
            path = self._lock(one, name)
            handle = idle(path)
            if handle is None:
                continue
            try:
                self._clean(one.path, name)
                if not os.path.lexists(one.path + "/" + name):
                    _unlink(path)
            finally:
                os.close(handle)

    def _clean(self, path: str, name: str) -> None:
        draft.sweep(path, name, locked=False)
        failed = "%s/%s/%s" % (path, entries.FAILED, name)
        if self._old(failed):
            draft.remove(failed)
        entry = entries.Entry(path, name, "")
        if not os.path.lexists(entry.path) and not self._young(entry.beside("json")):
            _forget(entry)

    def _old(self, path: str) -> bool:
        return os.path.lexists(path) and not self._young(path)

    def _young(self, path: str) -> bool:
        """Somebody may be at it, on a file system without locks."""
        try:
            return self.now - os.lstat(path).st_mtime < DAY
        except FileNotFoundError:
            return False


def _leftovers(path: str) -> Iterator[str]:
    """Names that something is left of."""
    for found in os.listdir(path):
        if draft.of(found):
            yield draft.of(found)
    for inner in (entries.FAILED, entries.USED, entries.META, entries.LOCK):
        for found in os.listdir(path + "/" + inner):
            name = found.rpartition(".")[0] if inner == entries.META else found
            here = os.path.lexists(path + "/" + name) and inner != entries.FAILED
            if titles.parse_entry(name) and not here:
                yield name


def _remove(entry: entries.Entry) -> None:
    """At once for whoever looks; then piece by piece."""
    away = draft.aside(entry.shelf, entry.name)
    os.rename(entry.path, away)
    _forget(entry)
    draft.remove(away)


def _forget(entry: entries.Entry) -> None:
    for kind in KINDS:
        _unlink(entry.beside(kind))
    _unlink("%s/%s/%s" % (entry.shelf, entries.USED, entry.name))


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def named_by(word: str, entry: entries.Entry) -> bool:
    """Whether somebody means this entry: by its name, hash, title or path."""
    hash_, title = titles.parse_entry(entry.name) or ("", "")
    full = "%s/%s" % (entry.catalog, entry.name)
    return word in (entry.name, hash_, title, entry.path, full, "store:" + full)
