"""`store VERB`: what is kept, and what is made to be kept (docs/reference/store.md)."""

from __future__ import annotations

import os

from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.store.keeping import Keeping
from enve_fire.store.store import Store
from enve_fire.verb.store import gc, get, view
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence


def main(words: Sequence[str]) -> int:
    """Raises Trouble, OSError."""
    if words and words[0] in ("-h", "--help", "help"):
        print(USE)
        return 0
    verb = VERBS.get(words[0]) if words else None
    if verb is None:
        from enve_pm.shell.words import nearest

        near = nearest(words[0], list(VERBS)) if words else ""
        raise Trouble(
            USAGE, "store: wanted one of %s%s" % (" ".join(VERBS), near), "enve store --help"
        )
    return verb(Store.of(os.environ), words[1:])


def meta(store: Store, words: Sequence[str]) -> int:
    """What is known of entries, one line of JSON for each."""
    from enve_pm.core.canonical import dumps

    for item in view.named(store, Words(words, {}).takes(1, 1, "store meta ENTRY")[0]):
        which = {"name": item.entry.name, "catalog": item.entry.catalog}
        print(dumps({**item.meta, **which}).decode())
    return 0


def keep(store: Store, words: Sequence[str]) -> int:
    found = Words(words, {"--as": True, "--while": True})
    word = found.takes(1, 1, "store keep ENTRY [--as NAME] [--while PATH]")[0]
    lives = found.text("--while")
    for item in view.named(store, word):
        name = found.text("--as", item.entry.name)
        Keeping(store).put(name, item.entry, os.path.abspath(lives) if lives else "")
    return 0


def drop(store: Store, words: Sequence[str]) -> int:
    for name in Words(words, {}).takes(1, 1000, "store drop NAME..."):
        if not Keeping(store).drop(name):
            raise Trouble(USAGE, "there is no root %r" % name, "enve store gc --roots shows all")
    return 0


def export(store: Store, words: Sequence[str]) -> int:
    from enve_fire.verb.store import share

    return share.export(store, words, get.report)


USE = """\
store list [--catalog C] [-o json]      what is there: mine and root's
store path ENTRY | --text TEXT [...]    where it is; 87 where it is not
store meta ENTRY                        what is known of it
store get --text TEXT [--catalog C] [--title T] [--private] [--ttl 30d] [--check COMMAND]
          [--deps ENTRY,...] [--mutable] -- COMMAND...    make it, once: COMMAND fills $OUT,
                                        and is the text where there is no --text
store keep ENTRY [--as NAME] [--while PATH]   a root: it is not collected
store drop NAME...                      roots
store gc [--max-size 10G] [--older 30d] [--dry-run] [-o json] | --why ENTRY | --roots
store verify [ENTRY...] [-o json]       compare with what was made
store export ENTRY FOLDER --sign-with KEY    signed archives of it and what it needs, to be served
ENTRY: its name (HASH-TITLE), hash, title or path
ENVE_STORE: folders with : between, the first is written to; or prefixes of http(s), whose
entries are signed by a key in the file ENVE_KEYRING; ENVE_STORE_LIMIT: 10G; ENVE_OFFLINE=1"""

VERBS: dict[str, Callable[[Store, Sequence[str]], int]] = {
    "list": view.listing,
    "path": get.path,
    "meta": meta,
    "get": get.get,
    "keep": keep,
    "drop": drop,
    "gc": gc.gc,
    "verify": view.verify,
    "export": export,
}
