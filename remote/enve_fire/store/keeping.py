"""Keeping entries: roots on the shelves of a store that are mine."""

from __future__ import annotations

import os

from enve_fire.store import roots, shelf, survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Container

    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store


class Keeping:
    """Every method raises Trouble, OSError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, name: str, entry: Entry, path: str = "") -> None:
        """Keep an entry and what it needs, until the root is dropped or `path` is gone. A root of
        that name in the same catalog is replaced."""
        hidden = not os.lstat(entry.shelf).st_mode & 0o077  # else its name would be seen
        shelves = self._store.mine(entry.catalog, entry.private or hidden)
        own = entry.shelf if entry.shelf in shelves else shelves[0]
        shelf.furnish(own, self._store.me)
        roots.put(own, name, entry.name, path)
        for other in shelves:
            if other != own:
                roots.drop(other, name)

    def drop(self, name: str) -> bool:
        """In every catalog; whether there was one."""
        return sum(roots.drop(one.path, name) for one in survey.own(self._store)) > 0

    def drop_all(self, path: str, head: str, but: Container[str]) -> None:
        """Those that live with `path` and whose names begin with `head`, but for these."""
        for one in survey.own(self._store):
            for root in roots.read(one.path, self._store.me):
                if root.path == path and root.name.startswith(head) and root.name not in but:
                    roots.drop(one.path, root.name)
