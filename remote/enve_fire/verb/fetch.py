"""`fetch URL [%cache|%path=P] [dir|file]`: prints where it is, and nothing else on stdout."""

from __future__ import annotations

import os
import sys

from enve_fire.core import url as urls
from enve_fire.core.profile import ALWAYS, NEVER
from enve_fire.core.profilefields import below
from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.fetch.how import How
from enve_fire.verb import placing
from enve_fire.verb.words import Words
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

USE = """\
usage: enve fetch URL [%cache | %path=FOLDER] [dir | file]
                  [--refresh] [--offline] [--strip N] [--subdir DIR] [--submodules] [--limit MIB]

Fetches a commit, an archive or a folder, and prints where it is.

  %cache        in the store (as long as nothing else is said)
  %path=FOLDER  as a copy there; it may not be there yet, or is empty
  dir           the folder with what is in it
  file          the archive itself, as it came
  --refresh     look up again what can move: a branch, a tag, an archive without #sha256=
  --offline     open no socket; ENVE_OFFLINE=1 says so too
  --strip N     leave out so many folders at the top of an archive (1)
  --subdir DIR  only what is below that folder
  --submodules  with the submodules of a git repository
  --limit MIB   of a download (2048, or what ENVE_FETCH_LIMIT=10G says)
"""
CACHE, PATH = "%cache", "%path="
DIR, FILE = "dir", "file"
STRIPS, LARGEST = 16, 1 << 24
FLAGS = {
    "--refresh": False,
    "--offline": False,
    "--submodules": False,
    "--strip": True,
    "--subdir": True,
    "--limit": True,
}


def main(words: Sequence[str]) -> int:
    """Raises Trouble, OSError."""
    if words and words[0] in ("-h", "--help", "help"):
        print(USE, end="")
        return 0
    found = Words(words, FLAGS)
    text, *rest = found.takes(1, 3, "a url, and where it goes: enve fetch --help")
    place, form = _where(rest)
    print(_done(_url(text), _how(found), placing.target(place), form))
    return 0


def _where(words: Sequence[str]) -> tuple[str, str]:
    """(the folder of a copy or "", dir or file)"""
    place, form = "", DIR
    for word in words:
        if word.startswith(PATH):
            place = word[len(PATH) :] or "."
        elif word in (DIR, FILE):
            form = word
        elif word != CACHE:
            raise _usage("wanted %%cache, %%path=FOLDER, dir or file, found %r" % word)
    return place, form


def _usage(text: str) -> Trouble:
    return Trouble(USAGE, text, "enve fetch --help")


def _done(url: urls.Url, how: How, target: str, form: str) -> str:
    from enve_fire.store.store import Store

    store = Store.of(os.environ, offline=how.offline)
    if form == FILE:
        from enve_fire.fetch.archive.archive import bring

        if url.kind != urls.ARCHIVE:
            raise _usage("only an archive comes as a file")
        return placing.file(bring(url, store, how).path, target)
    from enve_fire.fetch.fetch import fetch

    return placing.folder(fetch(url, store, how).path, target)


def _url(text: str) -> urls.Url:
    try:
        return urls.parse(text, os.getcwd())
    except Bad as bad:
        raise _usage("wanted %s, found %r" % bad.args[:2]) from None


def _how(words: Words) -> How:
    try:
        below(words.text("--subdir"))
    except Bad as bad:
        raise _usage("--subdir: wanted %s, found %r" % bad.args[:2]) from None
    return How(
        offline=words.has("--offline"),
        refresh=ALWAYS if words.has("--refresh") else NEVER,
        subdir=words.text("--subdir"),
        submodules=words.has("--submodules"),
        strip=_number(words, "--strip", 1, STRIPS),
        limit=_number(words, "--limit", 0, LARGEST) << 20,
        report=_report,
        environ=os.environ,
    )


def _number(words: Words, name: str, usual: int, most: int) -> int:
    text = words.text(name, str(usual))
    if not text.isdecimal() or len(text) > 9 or int(text) > most:
        raise _usage("%s: wanted a number up to %d, found %r" % (name, most, text))
    return int(text)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
