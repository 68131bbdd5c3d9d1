"""`store VERB`: what is kept, and what is made to be kept (docs/reference/store.md)."""

from __future__ import annotations

import os
import sys

from enve_fire.core.trouble import FAILED, MISS, USAGE, Trouble
from enve_fire.fetch.how import How
from enve_fire.fetch.served import get as make
from enve_fire.store import amounts, draft
from enve_fire.store.store import Store
from enve_fire.store.wanted import ANY, LONGEST, NONE, Wanted
from enve_fire.verb import storeview
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from enve_fire.store.survey import Item

OF_ENTRY = {"--text": True, "--catalog": True, "--title": True, "--private": False, "--ttl": True}
TO_MAKE = {**OF_ENTRY, "--check": True, "--deps": True, "--mutable": False}


def main(words: Sequence[str]) -> int:
    """Raises Trouble, OSError."""
    if words and words[0] in ("-h", "--help", "help"):
        print(USE)
        return 0
    verb = VERBS.get(words[0]) if words else None
    if verb is None:
        from enve_pm.shell.words import nearest

        near = nearest(words[0], list(VERBS)) if words else ""
        raise Trouble(USAGE, "store: wanted one of %s%s" % (" ".join(VERBS), near), "store help")
    return verb(Store.of(os.environ), words[1:])


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# -- one entry -----------------------------------------------------------------------------------
def get(store: Store, words: Sequence[str]) -> int:
    """The path of an entry, made by a command where it is not there."""
    found = Words(words, TO_MAKE)
    if found.rest:
        raise Trouble(USAGE, "store get: the command stands behind --, found %r" % found.rest[0])
    wanted = _wanted(found)
    method = _method(found.command, wanted.title) if found.command else None
    print(make(wanted, method, store, How(report=report, environ=os.environ)).path)
    return 0


def path(store: Store, words: Sequence[str]) -> int:
    found = Words(words, OF_ENTRY)
    if found.has("--text"):
        found.takes(0, 0, "either an entry or --text")
        entry = store.find(_wanted(found))
        if entry is None:
            raise Trouble(MISS, "the store does not have it")
        print(entry.path)
        return 0
    for item in _items(store, found.takes(1, 1, "store path ENTRY | --text TEXT")[0]):
        print(item.entry.path)
    return 0


def meta(store: Store, words: Sequence[str]) -> int:
    """What is known of entries, one line of JSON for each."""
    from enve_pm.core.canonical import dumps

    for item in _items(store, Words(words, {}).takes(1, 1, "store meta ENTRY")[0]):
        print(dumps(item.meta).decode())
    return 0


def _wanted(found: Words) -> Wanted:
    text = found.text("--text") or _line(found.command)
    if text == "-":
        text = sys.stdin.read(LONGEST + 1)
    if not text:
        raise Trouble(USAGE, "wanted --text TEXT, or a command behind --")
    return Wanted(
        text,
        found.text("--title", NONE),
        found.text("--catalog", ANY),
        found.has("--private"),
        amounts.span(found.text("--ttl", "0")),
        _check(found.text("--check")) if found.has("--check") else None,
        found.has("--mutable"),
        [dep for dep in found.text("--deps").split(",") if dep],
    )


def _line(command: Sequence[str]) -> str:
    """For a shell; one word is a line for it already."""
    import shlex

    if len(command) == 1:
        return command[0]
    return " ".join(shlex.quote(word) for word in command)


def _method(command: Sequence[str], title: str) -> Callable[[str], None]:
    """What it prints goes to the log: standard output is for the path alone."""

    def method(out: str) -> None:
        from enve_fire.stage.commands import run_commands

        env, log = {**os.environ, "OUT": out}, draft.beside(out, draft.LOG)
        line = _line(command)
        run_commands([line], env, os.getcwd(), log, code=FAILED, what=title, report=report)

    return method


def _check(command: str) -> Callable[[str], bool]:
    """Whether a command ends with 0, which is told by OUT where the entry is."""

    def check(path: str) -> bool:
        import subprocess

        words = ["/bin/sh", "-c", command]
        done = subprocess.run(
            words, env={**os.environ, "OUT": path}, stdin=subprocess.DEVNULL, stdout=2, check=False
        )
        return done.returncode == 0

    return check


def _items(store: Store, word: str) -> list[Item]:
    return storeview.named(store, word)


# -- roots ---------------------------------------------------------------------------------------
def keep(store: Store, words: Sequence[str]) -> int:
    found = Words(words, {"--as": True, "--while": True})
    word = found.takes(1, 1, "store keep ENTRY [--as NAME] [--while PATH]")[0]
    lives = found.text("--while")
    for item in _items(store, word):
        name = found.text("--as", item.entry.name)
        store.put_root(name, item.entry, os.path.abspath(lives) if lives else "")
    return 0


def drop(store: Store, words: Sequence[str]) -> int:
    for name in Words(words, {}).takes(1, 1000, "store drop NAME..."):
        if not store.drop_root(name):
            raise Trouble(USAGE, "there is no root %r" % name, "store gc --roots shows all")
    return 0


def export(store: Store, words: Sequence[str]) -> int:
    from enve_fire.verb import storeshare

    return storeshare.export(store, words, report)


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
    "list": storeview.listing,
    "path": path,
    "meta": meta,
    "get": get,
    "keep": keep,
    "drop": drop,
    "gc": storeview.gc,
    "verify": storeview.verify,
    "export": export,
}
