"""`store gc`: what goes, what keeps the rest, and why."""

from __future__ import annotations

import os

from enve_fire.app import stale
from enve_fire.core.trouble import MISS, Trouble
from enve_fire.store import amounts, members, reasons
from enve_fire.store.collect import Collector, named_by
from enve_fire.verb.store.view import age_of, as_json, document, table
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from enve_fire.store.store import Store

GC = {
    "--max-size": True,
    "--older": True,
    "--dry-run": False,
    "--why": True,
    "--roots": False,
    "-o": True,
}


def gc(store: Store, words: Sequence[str]) -> int:
    found = Words(words, GC)
    found.takes(0, 0, "store gc and its flags")
    collector = Collector(store)
    if found.has("--why"):
        return _why(collector, found)
    if found.has("--roots"):
        return _roots(collector, found)
    return _collect(collector, found)


def _collect(collector: Collector, found: Words) -> int:
    most, older = _wanted(found)
    items = collector.doomed(most, older)
    if found.has("--dry-run"):
        items = collector.would(items)
    else:
        items = collector.run(items)
        stale.prune(os.environ)
    freed = sum(item.bytes for item in items)
    left = sum(item.bytes for item in collector.items.values()) - freed
    if found.format() == "json":
        rows = [document(item) for item in items]
        as_json({"v": 1, "entries": rows, "bytes": freed, "left": left})
        return 0
    for item in items:
        print("%s  %s" % (item.entry.path, amounts.told(item.bytes)))
    word = "would go" if found.has("--dry-run") else "went"
    told = (amounts.entries(len(items)), word, amounts.told(freed), amounts.told(left))
    print("%s %s: %s; %s stay" % told)
    if most is not None and left > most:
        for why, amount in reasons.staying(collector, items):
            print("  %s %s" % (amounts.told(amount), why))
    return 0


def _wanted(found: Words) -> tuple[int | None, int | None]:
    """(bytes that may stay, seconds after which something goes), None: any. Raises Trouble."""
    older = amounts.span(found.text("--older")) if found.has("--older") else None
    most = amounts.size(found.text("--max-size")) if found.has("--max-size") else None
    if most is None and older is None:
        most = members.limit(os.environ) or None
    return most, older


def _why(collector: Collector, found: Words) -> int:
    word = found.text("--why")
    items = [one for one in collector.items.values() if named_by(word, one.entry)]
    if not items:
        raise Trouble(MISS, "no entry of mine is called %r" % word, "enve store list shows all")
    rows = [(item, reasons.why(collector, item)) for item in items]
    if found.format() == "json":
        as_json({"v": 1, "entries": [{**document(item), "why": why} for item, why in rows]})
        return 0
    for item, why in rows:
        print(item.entry.path)
        for line in why or ["nothing keeps it; it was last of use %s ago" % age_of(item)]:
            print("  " + line)
    return 0


def _roots(collector: Collector, found: Words) -> int:
    shares = {row[0]: row[1:] for row in collector.collection.shares()}
    roots = collector.roots
    if found.format() == "json":
        as_json({"v": 1, "roots": [_root(root, shares[root.name]) for root in roots]})
        return 0
    rows = [("ROOT", "KEEPS", "ALONE", "ENTRY", "WHILE")]
    for root in roots:
        keeps, alone = map(amounts.told, shares[root.name])
        rows.append((root.name, keeps, alone, root.entry, root.path or "-"))
    table(rows)
    return 0


def _root(root: Any, share: Sequence[int]) -> dict[str, Any]:
    row = {"name": root.name, "entry": root.entry, "while": root.path}
    return {**row, "bytes": share[0], "alone": share[1]}
