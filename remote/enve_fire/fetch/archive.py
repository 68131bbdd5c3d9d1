"""Archives: of a web server, or a file of this machine."""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import BUSY, CHECKOUT, Trouble
from enve_fire.fetch import checkout, readers
from enve_fire.fetch.how import MORE, UNPACKED, Fetched
from enve_fire.fetch.record import DOWNLOAD, Record
from enve_fire.fetch.view import View, suffix
from enve_fire.store import draft
from enve_fire.tree.pace import Amount, quiet
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store
    from enve_fire.tree.pace import Tell

PIECE = 1 << 20
Brought = namedtuple("Brought", "path sha256")  # a file, and what is in it


def fetch(url: Url, store: Store, how: How) -> Fetched:
    private = readers.private(url, how.environ)
    known = _known(url, store, how)
    found = known and checkout.find(url, "sha256=" + known, how, private, store)
    if found:
        return found
    brought = bring(url, store, how)
    found = checkout.find(url, "sha256=" + brought.sha256, how, private, store)
    return found or _unpacked(url, brought, store, how, private)


def source(sha256: str, how: How) -> str:
    return "sha256:" + sha256 + suffix(how.strip, how.subdir)


def _unpacked(url: Url, brought: Brought, store: Store, how: How, private: bool) -> Fetched:
    from enve_fire.fetch.unpacked import is_package, unpack

    private = private or is_package(brought.path, url.text)
    ref = "sha256=" + brought.sha256

    def method(out: str) -> None:
        before = os.stat(brought.path)
        view, tell = View(how.strip, how.subdir), Amount(how.report, "unpacking " + url.text)
        made = unpack(brought.path, out, view, UNPACKED * how.most, url.text, tell)
        if _changed(before, os.stat(brought.path)):
            raise Trouble(BUSY, "%s: it changes while it is read" % brought.path, "try again")
        draft.note(out, source=source(brought.sha256, how), url=url.text, epoch=made.epoch)

    entry = store.make(checkout.wanted(url, ref, how, private), method, how.report)
    return checkout.made(entry, checkout.pin(url, ref), private)


def _changed(before: os.stat_result, after: os.stat_result) -> bool:
    facts = [(one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in (before, after)]
    return facts[0] != facts[1]


# -- the bytes -------------------------------------------------------------------------------------
def _known(url: Url, store: Store, how: How) -> str:
    """What it hashes to, without looking; "" if nobody knows."""
    if url.sha256 or url.base.startswith("/"):
        return url.sha256
    stamp = Record(store, DOWNLOAD, url.base).stamp("")
    return "" if stamp is None or stamp.due(how) else stamp.id


def bring(url: Url, store: Store, how: How) -> Brought:
    """The archive as it is. Raises Trouble, OSError."""
    if url.base.startswith("/"):
        return _local(url, how)
    from enve_fire.fetch.web import Web

    return Web(url, store, how).bring()


def _local(url: Url, how: How) -> Brought:
    try:
        found = hashed(url.base, how.most, Amount(how.report, "hash of " + url.base))
    except OSError as error:
        raise Trouble(CHECKOUT, "%s: %s" % (url.base, error.strerror), "see the path") from None
    check(url, found)
    return Brought(url.base, found)


def hashed(path: str, most: int, tell: Tell = quiet) -> str:
    from hashlib import sha256

    sum_ = sha256()
    with open(path, "rb", buffering=0, opener=_opened) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Trouble(CHECKOUT, "%s: wanted a file" % path, "see the path")
        for piece in iter(lambda: file.read(PIECE), b""):
            sum_.update(piece)
            tell(len(piece))
            if file.tell() > most:
                raise Trouble(CHECKOUT, "%s: more than %d bytes" % (path, most), MORE)
    return sum_.hexdigest()


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for a writer


def check(url: Url, found: str) -> None:
    if url.sha256 and found != url.sha256:
        text = "%s: wanted sha256 %s, found %s" % (url.base, url.sha256, found)
        hint = "it is another file than was meant: ask who publishes it before you change the url"
        raise Trouble(CHECKOUT, text, hint)
