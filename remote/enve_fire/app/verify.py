"""Verify: what stages have laid, in the places that somebody names or in all that he uses, compared
with what is there now."""

from __future__ import annotations

import os
from functools import partial

from enve_fire.app import quick
from enve_fire.app.asowner import as_owner
from enve_fire.core import mark
from enve_fire.core.trouble import BUSY, USAGE, Trouble
from enve_fire.stage.install.stored import CATALOG
from enve_fire.stage.settle.marks import is_root
from enve_fire.stage.verify import drift
from enve_fire.store import survey
from enve_fire.store.store import Store
from enve_fire.tree.difference import UNREADABLE
from enve_fire.tree.pace import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from enve_fire.stage.verify.drift import Document
    from enve_fire.tree.pace import Report

DEPTH = 3  # folders from one that is named to a place in it
MOST = 10_000  # folders that are looked at for places
NESTED = 8  # pms in pms
HOME = "PMHOME"


def verify(
    words: Sequence[str],
    environ: Mapping[str, str],
    extra: bool,
    forget: bool,
    report: Report = quiet,
) -> list[Document]:
    """Of the places that are named, else of all that are found; `extra`, `forget`: see `drift.of`.
    What cannot be judged stops no other. Raises Trouble, OSError."""
    found: list[Document] = []
    unjudged = []
    for root in dict.fromkeys(_named(words) if words else _used(environ, report, found)):
        try:
            documents = as_owner(root, partial(drift.of, root, extra, forget))
        except FileNotFoundError:
            continue  # it was replaced, or removed, since we found it
        except (Trouble, OSError, ValueError) as error:
            busy = isinstance(error, Trouble) and error.code == BUSY
            documents = [drift.of_place(root, UNREADABLE if busy else drift.DAMAGED, str(error))]
        found += documents
        if words and not documents:
            unjudged.append(root)
    if words and not found:
        raise Trouble(USAGE, "%s: %s" % (words[0], _NONE), _HINT)
    says = "%s: %s" % (_NONE, _HINT)
    return found + [drift.of_place(one, UNREADABLE, says) for one in unjudged]


_NONE = "no mark that counts lies there"
_HINT = "marks count that are root's or yours, and that nobody else may write to"


def _named(words: Sequence[str]) -> Iterator[str]:
    """A root, a folder with roots in it, or what lies in a root."""
    for word in words:
        path = os.path.realpath(word)
        found = [path] if is_root(path) else list(_below(path, DEPTH))
        found = found or [one for one in _above(path) if is_root(one)][:1]
        if not found:
            told = "%s: no product is installed there, nor in it, nor around it"
            raise Trouble(USAGE, told % word, "wanted the folder of an install, or of several")
        yield from found


def _above(path: str) -> Iterator[str]:
    while path != "/":
        path = os.path.dirname(path)
        yield path


def _used(environ: Mapping[str, str], report: Report, wrong: list[Document]) -> Iterator[str]:
    """`wrong`: gets a document for each folder that there is too much in."""
    store = Store.of(environ, offline=True)
    for folder in store.folders():
        shelves = [one.path for one in survey.shelves(folder, store.me) if one.catalog == CATALOG]
        for path in shelves:
            yield from _all(path, 1, wrong)
    cache = quick.cache(environ)
    yield from _all(cache + "/root", 1, wrong)
    yield from filter(is_root, _run(cache + "/rc", report))
    for home in _homes(_home(environ)):
        spots = _folders(home + "/spots")
        yield from filter(is_root, spots)
        for spot in spots:  # each is another user's
            yield from _all(spot, 1, wrong)
        yield from _all(home + "/artifacts", 3, wrong)


def _all(folder: str, depth: int, wrong: list[Document]) -> Iterator[str]:
    """What is below; whoever fills a folder of his own hides nothing of others'."""
    try:
        yield from _below(folder, depth)
    except Trouble as error:
        wrong.append(drift.of_place(folder, UNREADABLE, str(error)))


def _run(folder: str, report: Report) -> Iterator[str]:
    """Roots of what was run, by what it relied on."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    if len(names) > MOST:
        told = "%s: %d files say what was run: the roots in %d of them are passed by"
        report(told % (folder, len(names), len(names) - MOST))
    for name in names[:MOST]:
        rc = quick.read("%s/%s" % (folder, name))
        for path, _ in rc.marks if rc else ():
            yield os.path.realpath(path.rpartition("/%s/" % mark.FOLDER)[0] or "/")


def _home(environ: Mapping[str, str]) -> str:
    """Of the pm whose program this is: we lie in HOME/lib/HASH."""
    here = os.path.abspath(__file__).split("/")[:-3]
    ours = "/".join(here[:-2]) if here[-2:-1] == ["lib"] else "/nonexistent"
    return environ.get(HOME) or ours


def _homes(home: str) -> Iterator[str]:
    """Of a pm, and of those that are nested in it."""
    level = [home]
    for _ in range(NESTED):
        yield from level
        inner = [one for each in level for one in _folders(each + "/spots")]
        level = [one for one in inner if os.path.isdir(one + "/spots")]


def _below(folder: str, depth: int) -> Iterator[str]:
    """Roots in a folder, so many steps down. Raises Trouble where there are too many folders."""
    level, seen = [folder], 0
    for _ in range(depth):
        inner = [one for path in level for one in _folders(path)]
        seen += len(inner)
        if seen > MOST:
            told = "%s: more than %d folders to look for places in"
            raise Trouble(USAGE, told % (folder, MOST), "name places, or folders nearer to them")
        yield from filter(is_root, inner)
        level = [one for one in inner if not is_root(one)]


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as found:
            inner = [one.path for one in found if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(one for one in inner if not os.path.basename(one).startswith("."))
