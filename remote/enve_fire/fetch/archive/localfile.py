"""An archive that lies on this machine. Whoever may write to its folder may put another one there
at any moment: so it is opened once, and read once into a copy that nobody else can reach. What was
hashed is what is looked at and unpacked."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from hashlib import sha256

from enve_fire.core.trouble import BUSY, CHECKOUT, Trouble
from enve_fire.fetch import readers
from enve_fire.fetch.archive.brought import Brought, check
from enve_fire.fetch.how import MORE
from enve_fire.fetch.record import file_of
from enve_fire.store import draft, shelf
from enve_fire.tree.pace import Amount
from enve_fire.tree.pieces import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Iterator

    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store


@contextmanager
def copied(url: Url, store: Store, how: How, catalog: str) -> Iterator[Brought]:
    """For as long as that lasts, in a draft of `catalog`. Raises Trouble, OSError."""
    own = shelf.roomiest(store.mine(catalog, private=True))
    folder = draft.begin(own, "archive")
    try:
        path = folder + "/" + file_of(url.base)
        with _open(url.base) as source, open(path, "xb") as target:
            hidden = not readers.everybody("/proc/self/fd/%d" % source.fileno())
            found = _sum(url.base, source, how, target)
        check(url, found)
        yield Brought(path, found, hidden)
    finally:
        draft.remove(folder)


def hashed(path: str, how: How, name: str = "") -> str:
    """What a file hashes to now. `name`: what it is called. Raises Trouble, OSError."""
    with _open(path) as source:
        return _sum(path, source, how, None, name)


def _open(path: str) -> BinaryIO:
    """A pipe would wait for a writer. Raises Trouble."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Trouble(CHECKOUT, "%s: %s" % (path, error.strerror), "see the path") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Trouble(CHECKOUT, "%s: wanted a file" % path, "see the path")
    return os.fdopen(handle, "rb", buffering=0)


def _sum(path: str, source: Any, how: How, target: Any, name: str = "") -> str:
    """Of all that it holds, which goes to `target` where there is one."""
    found, tell, most = sha256(), Amount(how.report, "hash of " + (name or path)), how.most
    before = _facts(source)
    for piece in pieces(source.fileno()):
        found.update(piece)
        if target:
            target.write(piece)
        tell(len(piece))
        if source.tell() > most:
            raise Trouble(CHECKOUT, "%s: more than %d bytes" % (path, most), MORE)
    if _facts(source) != before:
        raise Trouble(BUSY, "%s: it changes while it is read" % path, "try again")
    return found.hexdigest()


def _facts(source: Any) -> tuple[int, int]:
    state = os.fstat(source.fileno())
    return state.st_size, state.st_mtime_ns
