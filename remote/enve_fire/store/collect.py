"""Collecting: what is not needed goes, one entry after the other, each under its lock."""

from __future__ import annotations

import os
import time
from functools import partial

from enve_fire.core import title as titles
from enve_fire.core.trouble import Trouble
from enve_fire.store import amounts, draft, inuse, leftovers, shelf, survey
from enve_fire.store import entry as entries
from enve_fire.store.collection import DAY, Collection, Thing
from enve_fire.store.lock import idle, is_idle
from enve_fire.tree.written import unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from enve_fire.store.store import Store
    from enve_fire.store.survey import Item, Shelf
    from enve_fire.tree.pace import Report


def by_itself(store: Store, report: Report) -> None:
    """After a write that crosses the limit. What was made is there: nothing ends in a failure."""
    try:
        if survey.weight(survey.own(store), store.me) <= store.limit:
            return
        collector = Collector(store)
        gone = collector.run(collector.doomed(store.limit, None))
    except (OSError, Trouble) as error:
        report("the store is full, and cannot be collected: %s" % error)
        return
    if gone:
        freed = amounts.told(sum(item.bytes for item in gone))
        report("the store was full: %s went, %s" % (amounts.entries(len(gone)), freed))


class Collector:
    """Of what is mine in the folder that is written to; what root or another has is theirs."""

    def __init__(self, store: Store) -> None:
        me = store.me
        self.store = os.path.realpath(store.first)
        self.me = me
        self.now = time.time()
        self.shelves = survey.own(store)
        self.items = {
            item.entry.path: item for one in self.shelves for item in survey.items(one, me)
        }
        self.roots = survey.held(self.shelves, me)
        if me == 0 and self.items:  # what is root's, others use too
            from enve_fire.store import guests

            self.roots += guests.held(self.store, {i.entry.name for i in self.items.values()})
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
        gone = self._taken(doomed, self._gone)
        for one in self.shelves:
            shelf.furnish(one.path, self.me)
            leftovers.tidy(one.path, partial(self._lock, one), self.now)
        return gone

    def would(self, doomed: Sequence[Item]) -> list[Item]:
        """Those that would go, if it were now; nothing is changed."""
        return self._taken(doomed, self.is_free)

    def _taken(self, doomed: Sequence[Item], take: Callable[[Item], bool]) -> list[Item]:
        gone: list[Item] = []
        needed: set[str] = set()  # by those that stay: they come before what they need
        for item in doomed:
            name = item.entry.name
            if name in needed or item.entry.path in self.users() or not take(item):
                needed.update(self.collection.closure([name]))
            else:
                gone.append(item)
        return gone

    def users(self) -> dict[str, int]:
        """Paths of entries -> a process that uses it, at the first look."""
        if self._users is None:
            self._users = inuse.users(self.store)
        return self._users

    def is_free(self, item: Item) -> bool:
        """Whether nobody holds its lock."""
        return is_idle(self._lock(item.shelf, item.entry.name))

    # -- one entry ---------------------------------------------------------------------------------
    def _lock(self, one: Shelf, name: str) -> str:
        first = shelf.mine(self.store, one.catalog, one.private, self.me)[0]
        shelf.furnish(first, self.me)
        return "%s/%s/%s" % (first, entries.LOCK, name)

    def _gone(self, item: Item) -> bool:
        path = self._lock(item.shelf, item.entry.name)
        handle = idle(path)
        if handle is None:
            return False
        try:
            if time.time() - item.entry.used() < DAY:
                return False  # asked for since we looked
            if not _remove(item.entry):
                return False
            unlink(path)
        finally:
            os.close(handle)
        return True


def _remove(entry: entries.Entry) -> bool:
    """At once for whoever looks; then piece by piece. False where somebody else has taken it."""
    away = draft.aside(entry.shelf, entry.name)
    try:
        os.rename(entry.path, away)
    except FileNotFoundError:
        return False
    leftovers.forget(entry)
    draft.remove(away)
    return True


def named_by(word: str, entry: entries.Entry) -> bool:
    """Whether somebody means this entry: by its name, hash, title or path."""
    hash_, title = titles.parse_entry(entry.name) or ("", "")
    full = "%s/%s" % (entry.catalog, entry.name)
    return word in (entry.name, hash_, title, entry.path, full, "store:" + full)
