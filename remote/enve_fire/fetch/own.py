"""A folder that somebody works in: it is used as it is, neither copied nor written to."""

from __future__ import annotations

import os

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch import readers
from enve_fire.fetch.how import Fetched
from enve_fire.fetch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store

CATALOG = "tree"


def fetch(url: Url, store: Store, how: How) -> Fetched:
    path = _folder(url, how)
    return Fetched(path, _source(path, store, how), url, "", readers.private(url, how.environ))


def _folder(url: Url, how: How) -> str:
    path = url.base + ("/" + how.subdir if how.subdir else "")
    if not os.path.isdir(path):
        raise _none(path)
    if how.subdir and not _within(path, url.base):
        # what it holds may be a stranger's, and says itself which folder of it is the product
        raise Trouble(CHECKOUT, "%s: a link that leads out of %s" % (path, url.base), "see subdir")
    return path


def _none(path: str) -> Trouble:
    if os.path.lexists(path):
        told = "%s: no folder, and no archive by its name (x.tar.gz, x.zip, ..)"
        return Trouble(CHECKOUT, told % path, "see the path")
    return Trouble(CHECKOUT, "%s: nothing there" % path, "see the path")


def _within(path: str, base: str) -> bool:
    top = os.path.realpath(base)
    return os.path.commonpath((top, os.path.realpath(path))) == top


def _source(path: str, store: Store, how: How) -> str:
    """By the times of files that were read before, so that a large folder is quick to know."""
    from enve_fire.tree.digest import tree_hash
    from enve_fire.tree.pace import Amount

    cache = Record(store, CATALOG, path).path() + "/stat"
    try:
        return tree_hash(path, cache, tell=Amount(how.report, "hash of " + path))
    except PermissionError as error:
        if not (error.filename or "").startswith(path):  # but something of the store's
            raise
        told = "%s is a part of the source, and cannot be read: %s"
        hint = "chmod; or leave it out by a line in %s/.enveignore" % path
        raise Trouble(CHECKOUT, told % (error.filename, error.strerror), hint) from None
