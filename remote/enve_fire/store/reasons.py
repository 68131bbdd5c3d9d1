"""Why entries stay, in words."""

from __future__ import annotations

from enve_fire.store.collection import DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from enve_fire.store.collect import Collector
    from enve_fire.store.survey import Item

_BY_ROOTS = "kept by roots (store gc --roots shows them, store drop NAME takes one away)"
_OF_TODAY = (
    "of use within a day, which never goes (rm -r PATH by hand: it is made again when wanted)"
)
_IN_USE = "in use, or newer than what was asked for (store gc --why ENTRY)"


def staying(collector: Collector, gone: Sequence[Item]) -> list[tuple[str, int]]:
    """(why and what to do, bytes) of what stays when these are gone."""
    taken = {item.entry.path for item in gone}
    collection = collector.collection
    sums = dict.fromkeys((_BY_ROOTS, _OF_TODAY, _IN_USE), 0)
    for path, item in collector.items.items():
        if path in taken:
            continue
        name = item.entry.name
        young = collector.now - collection.used[name] < DAY
        rest = _OF_TODAY if young else _IN_USE
        sums[_BY_ROOTS if name in collection.kept else rest] += item.bytes
    return [(why, amount) for why, amount in sums.items() if amount]


def why(collector: Collector, item: Item) -> list[str]:
    """What keeps an entry; [] for nothing."""
    name, path = item.entry.name, item.entry.path
    chains = collector.collection.why(name)
    lines = ["root %s: %s" % (chain[0], " -> ".join(chain[1:])) for chain in chains]
    if not chains and collector.now - collector.collection.used[name] < DAY:
        lines.append("it was of use within a day, by itself or by what needs it")
    if not collector.is_free(item):
        lines.append("somebody holds its lock")
    if path in collector.users():
        lines.append("process %d uses it" % collector.users()[path])
    return lines
