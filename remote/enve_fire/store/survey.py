"""All that lies in a store: shelves, entries, roots, and what they take."""

from __future__ import annotations

import os
import re

from enve_fire.core import mark
from enve_fire.core import title as titles
from enve_fire.store import closing, roots, shelf, trust
from enve_fire.store.entry import META, Entry
from enve_fire.store.wanted import SHARDS
from enve_fire.tree.difference import UNREADABLE, Difference
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence

    from enve_fire.store.roots import Root
    from enve_fire.store.store import Store

_BYTES = re.compile(rb'"bytes":([0-9]{1,15})')

# path; catalog; private; uid: whose
Shelf = namedtuple("Shelf", "path catalog private uid")


class Item(namedtuple("Item", "entry shelf meta bytes used")):
    """`bytes`: as they were when it was made, or now where it changes. `used`: UNIX seconds, when
    it was last asked for or made."""

    __slots__ = ()

    if TYPE_CHECKING:
        entry: Entry
        shelf: Shelf
        meta: Mapping[str, Any]
        bytes: int
        used: float


def everything(store: Store) -> list[Item]:
    """Entries of mine and root's, of every member."""
    found = [one for folder in store.folders() for one in shelves(folder, store.me)]
    return [item for one in found for item in items(one, store.me)]


def own(store: Store) -> list[Shelf]:
    """Those that are written to."""
    try:
        folder = trust.store(store.first, store.me)
    except FileNotFoundError:
        return []
    return [one for one in shelves(folder, store.me) if one.uid == store.me]


def shelves(store: str, me: int) -> Iterator[Shelf]:
    """Those of mine and of root's; of others none."""
    for name in sorted(os.listdir(store)):
        for uid in dict.fromkeys((me, 0)):
            path = store + "/" + name
            catalog, private = _parse(name, shelf.user(uid))
            if catalog and trust.folder(path, uid, hidden=private) and (uid == me or not private):
                yield Shelf(path, catalog, private, uid)
                break


def _parse(name: str, user: str) -> tuple[str, bool]:
    """(catalog, whether it is private); "" for what is no shelf."""
    rest, private = name, False
    if name.startswith(user + "-"):
        rest = name[len(user) + 1 :]
        private = rest.startswith("private-")
        rest = rest[len("private-") :] if private else rest
    for shard in SHARDS[1:]:
        if rest.endswith(shard):
            rest = rest[: -len(shard)]
            break
    return (rest if titles.is_title(rest) else "", private)


def items(found: Shelf, me: int) -> Iterator[Item]:
    """Entries of a shelf that are root's or `me`'s. Raises OSError."""
    for name in sorted(os.listdir(found.path)):
        entry = Entry(found.path, name, found.catalog, found.private)
        if titles.parse_entry(name) and trust.entry(entry.path, me):
            meta = entry.meta()
            yield Item(entry, found, meta, _size(entry, meta), _last(entry, meta))


def _last(entry: Entry, meta: Mapping[str, Any]) -> float:
    made = meta.get("made", 0)
    return max(entry.used(), float(made if type(made) is int else 0))


def _size(entry: Entry, meta: Mapping[str, Any]) -> int:
    size = meta.get("bytes")
    known = size if type(size) is int else 0
    if known and not meta.get("mutable"):
        return known
    try:
        return int(closing.measure(entry.path).bytes)
    except OSError:
        return known  # not ours to look into


def weight(found: Sequence[Shelf], me: int) -> int:
    """Bytes of all that is mine there, at a glance: as its metas say."""
    total = 0
    for one in found:
        folder = one.path + "/" + META
        if trust.inner(folder, me):
            for name in os.listdir(folder):
                match = name.endswith(".json") and _BYTES.search(
                    trust.read(folder + "/" + name, me) or b""
                )
                total += int(match[1]) if match else 0
    return total


def deps(item: Item) -> list[str]:
    """Names of the entries that it needs."""
    return needs(item.meta)


def needs(meta: Any) -> list[str]:
    """The same of a meta, whoever wrote it."""
    found = meta.get("deps", []) if isinstance(meta, dict) else []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def held(found: Sequence[Shelf], me: int) -> list[Root]:
    return [root for one in found for root in roots.read(one.path, me)]


def drift(entry: Entry, me: int) -> list[Difference] | None:
    """What is not as it was made, or was not there then; None where nobody has noted what was."""
    from enve_fire.tree import listfile, listing

    data = trust.read(entry.beside("sums"), me, mark.LONGEST)
    if not data:
        return None
    rows = listfile.loads(data)
    if rows is None:
        return [Difference(".meta", UNREADABLE, "its sums are damaged")]
    return listing.drift(rows, entry.path)
