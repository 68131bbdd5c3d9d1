"""What a store has already, by name: `store:CATALOG/HASH-TITLE`."""

from __future__ import annotations

import os

from enve_fire.core.trouble import CHECKOUT, MISS, Trouble
from enve_fire.fetch.how import Fetched
from enve_fire.store import shelf, trust
from enve_fire.store.entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store


def fetch(url: Url, store: Store, how: How) -> Fetched:
    """An entry of the store, or a folder in it. Raises Trouble, OSError."""
    entry, private = _entry(url, store)
    path = entry.path + ("/" + how.subdir if how.subdir else "")
    if os.path.realpath(path) != path or not os.path.isdir(path):
        raise Trouble(CHECKOUT, "%s: no folder %s in it" % (url.text, how.subdir))
    epoch = entry.meta().get("note", {}).get("epoch", 0)
    return Fetched(path, _source(entry, path, how), url, entry.name, private, epoch)


def private(url: Url, store: Store) -> bool:
    return _entry(url, store)[1]


def _entry(url: Url, store: Store) -> tuple[Entry, bool]:
    for private in (False, True):
        for folder in store.folders():
            for one in shelf.to_read(folder, url.base, private, store.me):
                found = Entry(one, url.ref, url.base)
                if trust.entry(found.path, store.me):
                    return found, private
    raise Trouble(MISS, "%s is not in the store" % url.text, "see what is: enve store list")


def _source(entry: Entry, path: str, how: How) -> str:
    from enve_fire.tree.digest import tree_hash

    known = entry.meta().get("note", {}).get("source")
    return known if isinstance(known, str) and not how.subdir else tree_hash(path)
