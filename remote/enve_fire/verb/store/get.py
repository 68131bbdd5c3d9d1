"""`store get` and `store path`: one entry, by the text that says what it depends on."""

from __future__ import annotations

import os
import sys

from enve_fire.core.trouble import FAILED, MISS, USAGE, Trouble
from enve_fire.fetch.how import How
from enve_fire.fetch.web.served import get as make
from enve_fire.store import amounts, draft
from enve_fire.store.wanted import ANY, LONGEST, NONE, Wanted
from enve_fire.verb.store.view import named
from enve_fire.verb.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from enve_fire.store.store import Store

OF_ENTRY = {"--text": True, "--catalog": True, "--title": True, "--private": False, "--ttl": True}
TO_MAKE = {**OF_ENTRY, "--check": True, "--deps": True, "--mutable": False}


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


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
    for item in named(store, found.takes(1, 1, "store path ENTRY | --text TEXT")[0]):
        print(item.entry.path)
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
