"""Archives: of a web server, or a file of this machine."""

from __future__ import annotations

from contextlib import contextmanager

from enve_fire.fetch import checkout, readers
from enve_fire.fetch.archive.view import View, suffix
from enve_fire.fetch.how import UNPACKED, Fetched
from enve_fire.fetch.record import DOWNLOAD, Record
from enve_fire.store import draft
from enve_fire.tree.pace import Amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from enve_fire.core.url import Url
    from enve_fire.fetch.archive.brought import Brought
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store


def fetch(url: Url, store: Store, how: How) -> Fetched:
    """An archive, unpacked in the store. Raises Trouble, OSError."""
    private = readers.private(url, how.environ)
    known = _known(url, store, how)
    found = known and checkout.find(url, "sha256=" + known, how, private, store)
    if found:
        return found
    with _read(url, store, how) as brought:
        hidden = private or brought.hidden
        found = checkout.find(url, "sha256=" + brought.sha256, how, hidden, store)
        return found or _unpacked(url, brought, store, how, hidden)


def source(sha256: str, how: How) -> str:
    return "sha256:" + sha256 + suffix(how.strip, how.subdir)


def _unpacked(url: Url, brought: Brought, store: Store, how: How, private: bool) -> Fetched:
    from enve_fire.fetch.archive.kinds import is_package
    from enve_fire.fetch.archive.unpacked import unpack

    private = private or is_package(brought.path, url.text)
    ref = "sha256=" + brought.sha256

    def method(out: str) -> None:
        view, tell = View(how.strip, how.subdir), Amount(how.report, "unpacking " + url.text)
        made = unpack(brought.path, out, view, UNPACKED * how.most, url.text, tell, private)
        draft.note(out, source=source(brought.sha256, how), url=url.text, epoch=made.epoch)

    entry = store.make(checkout.wanted(url, ref, how, private), method, how.report)
    return checkout.made(entry, checkout.pin(url, ref), private)


# -- the bytes -------------------------------------------------------------------------------------
def _known(url: Url, store: Store, how: How) -> str:
    """What it hashes to, without bringing it; "" if nobody knows."""
    if url.sha256:
        return url.sha256
    if url.base.startswith("/"):
        from enve_fire.fetch.archive.localfile import hashed

        return hashed(url.base, how)
    stamp = Record(store, DOWNLOAD, url.base).stamp("")
    return "" if stamp is None or stamp.due(how) else stamp.id


@contextmanager
def _read(url: Url, store: Store, how: How) -> Iterator[Brought]:
    """The archive, to be unpacked now."""
    if url.base.startswith("/"):
        from enve_fire.fetch.archive.localfile import copied

        with copied(url, store, how, checkout.CATALOG) as brought:
            yield brought
    else:
        yield bring(url, store, how)


def bring(url: Url, store: Store, how: How) -> Brought:
    """The archive as it is, in the store. Raises Trouble, OSError."""
    if url.base.startswith("/"):
        return _kept(url, store, how)
    from enve_fire.fetch.web.web import Web

    return Web(url, store, how).bring()


def _kept(url: Url, store: Store, how: How) -> Brought:
    from enve_fire.fetch.archive import localfile
    from enve_fire.fetch.web.downloads import Downloads

    downloads, private = Downloads(url, store), readers.private(url, how.environ)
    found = downloads.find(_known(url, store, how), private)
    if found:
        return found
    with localfile.copied(url, store, how, DOWNLOAD) as brought:
        return downloads.keep(brought._replace(hidden=private or brought.hidden))
