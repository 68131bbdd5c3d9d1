"""What entries need: just what the store keeps for them, and no more of what lies beside it."""

from __future__ import annotations

from enve_fire.core import title as titles
from enve_fire.store import survey, trust
from enve_fire.store.entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from enve_fire.store.store import Store


def closure(store: Store, paths: Iterable[str]) -> Sequence[str]:
    """The folders of entries, and of all that they need as far as that is there. Raises Trouble,
    OSError."""
    shelves = [one.path for folder in store.folders() for one in survey.shelves(folder, store.me)]
    found: dict[str, None] = {}
    left = list(paths)
    while left:
        path = left.pop()
        if path in found:
            continue
        found[path] = None
        shelf, _, name = path.rpartition("/")
        for dep in survey.needs(Entry(shelf, name, "").meta()):
            if titles.parse_entry(dep):  # a meta that somebody has served says what he likes
                there = ("%s/%s" % (one, dep) for one in shelves)
                left += [one for one in there if trust.entry(one, store.me)]
    return list(found)
