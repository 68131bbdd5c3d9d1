"""`store export`: entries for others, in a folder that a web server serves."""

from __future__ import annotations

import os

from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.fetch import checkout, own, record
from enve_fire.store import publish, survey
from enve_fire.verb.store.view import named
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.store.store import Store
    from enve_fire.store.survey import Item
    from enve_fire.tree.pace import Report

FETCHED = (checkout.CATALOG, own.CATALOG, record.DOWNLOAD, record.GIT)


def export(store: Store, words: Sequence[str], report: Report) -> int:
    """Signed archives of entries, and of what they need as far as that is for others."""
    found = Words(words, {"--sign-with": True})
    word, folder = found.takes(2, 2, "store export ENTRY FOLDER --sign-with KEY")
    key = found.text("--sign-with")
    if not key:
        raise Trouble(USAGE, "store export: wanted --sign-with KEY: nobody takes what is unsigned")
    if not os.path.isdir(folder):
        raise Trouble(
            USAGE, "%s: wanted a folder that is there" % folder, "mkdir it, for you alone"
        )
    chosen = _chosen(named(store, word), word)
    for item in publish.needed(chosen, survey.everything(store)):
        try:
            print(publish.publish(item.entry, folder, key))
        except Trouble as trouble:
            if item in chosen or trouble.code != USAGE:
                raise
            report("%s; it is left out" % trouble)
    return 0


def _chosen(found: Sequence[Item], word: str) -> list[Item]:
    """By its title, what is made of a source, and not the source, nor what is not for others."""
    titled = [item for item in found if item.meta.get("title") == word]
    if len(titled) < len(found):
        return list(found)
    made = [one for one in titled if one.entry.catalog not in FETCHED]
    good = [one for one in made if not (one.shelf.private or one.meta.get("mutable"))]
    if not good:
        told = "nothing called %r is for others: it is private, or may change, or was only fetched"
        raise Trouble(USAGE, told % word, "enve store list shows all: name one")
    return good
