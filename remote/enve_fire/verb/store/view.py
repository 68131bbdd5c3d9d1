"""What a store has, and whether it is as it was made: for people and for programs."""

from __future__ import annotations

import sys
import time

from enve_fire.core.trouble import FAILED, MISS, Trouble
from enve_fire.store import amounts, survey
from enve_fire.store.collect import named_by
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from enve_fire.store.store import Store
    from enve_fire.store.survey import Item
    from enve_fire.tree.difference import Difference


def listing(store: Store, words: Sequence[str]) -> int:
    found = Words(words, {"--catalog": True, "-o": True})
    found.takes(0, 0, "store list [--catalog C] [-o json]")
    only = found.text("--catalog")
    every = survey.everything(store)
    items = [one for one in every if only in ("", one.entry.catalog)]
    if only and not items:
        has = " ".join(sorted({one.entry.catalog for one in every})) or "none"
        print("no entry is in the catalog %s; it has: %s" % (only, has), file=sys.stderr)
    if found.format() == "json":
        as_json({"v": 1, "entries": [document(item) for item in items]})
    else:
        table([("ENTRY", "CATALOG", "OF", "SIZE", "USED"), *map(_row, items)])
    return 0


def named(store: Store, word: str) -> list[Item]:
    """Entries by name, hash, title or path. Raises Trouble."""
    found = [item for item in survey.everything(store) if named_by(word, item.entry)]
    if not found:
        raise Trouble(MISS, "the store has no entry %r" % word, "enve store list shows all")
    return found


def verify(store: Store, words: Sequence[str]) -> int:
    """Where an entry is not as it was made it ends with 3; for people by a Trouble."""
    asked = Words(words, {"-o": True})
    wanted = asked.takes(0, 1000, "store verify [ENTRY...] [-o json]")
    found = (
        [one for word in wanted for one in named(store, word)]
        if wanted
        else survey.everything(store)
    )
    drifts = [(item, survey.drift(item.entry, store.me)) for item in found]
    bad = sum(bool(drift) for _, drift in drifts)
    unknown = sum(drift is None for _, drift in drifts)
    if asked.format() == "json":
        as_json({"v": 1, "entries": [_drift(*one) for one in drifts], "wrong": bad})
        return FAILED if bad else 0
    for item, drift in drifts:
        for one in drift or ():
            print("%s/%s" % (item.entry.path, one.said()))
    if bad:
        text = "%s of %d: not as they were made" % (amounts.entries(bad), len(found))
        raise Trouble(FAILED, text, "remove them: they are made again when they are wanted")
    print("%s as made, %d not noted" % (amounts.entries(len(found) - unknown), unknown))
    return 0


def _drift(item: Item, drift: Sequence[Difference] | None) -> dict[str, Any]:
    rows = [dict(one._asdict()) for one in drift or ()]
    return {**document(item), "noted": drift is not None, "differences": rows}


# -- how it looks --------------------------------------------------------------------------------
def document(item: Item) -> dict[str, Any]:
    about = {"name": item.entry.name, "catalog": item.entry.catalog, "path": item.entry.path}
    facts = {"bytes": item.bytes, "used": int(item.used), "private": item.shelf.private}
    return {**about, **facts, "uid": item.shelf.uid, "meta": dict(item.meta)}


def _row(item: Item) -> tuple[str, ...]:
    from enve_fire.store.shelf import user

    whose = user(item.shelf.uid) + (" (private)" if item.shelf.private else "")
    return item.entry.name, item.entry.catalog, whose, amounts.told(item.bytes), age_of(item)


def age_of(item: Item) -> str:
    """For how long it was of no use: `3d`."""
    from enve_pm.shell.listing import age

    return age(int((time.time() - item.used) * 1000))


def table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]  # noqa: B905
        print("  ".join(cells).rstrip())


def as_json(document: Any) -> None:
    from enve_pm.core.canonical import dumps

    print(dumps(document).decode())
