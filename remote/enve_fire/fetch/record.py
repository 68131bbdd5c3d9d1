"""What is kept of a url between fetches, by its user alone: a private entry that changes in place.

ENTRY/url          the url
ENTRY/HASH.is      what a reference was found to mean, and when: a stamp
ENTRY/...          a download that is not whole yet, or a mirror of a repository
"""

from __future__ import annotations

import time

from enve_fire.core.digest import FORMAT, hash_of
from enve_fire.core.profile import ALWAYS, NEVER
from enve_fire.core.title import LONGEST, TITLE
from enve_fire.store.wanted import Wanted
from enve_fire.tree.written import replace
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from enve_fire.fetch.how import How
    from enve_fire.store.lock import Lock
    from enve_fire.store.store import Store

GIT, DOWNLOAD = "git", "download"
_ENDS = (".git", ".zip", ".tgz", ".txz", ".tbz2", ".gz", ".xz", ".bz2", ".zst", ".tar")  # in turn


class Stamp(namedtuple("Stamp", "id at etag modified", defaults=("", ""))):
    """`id`: a commit, or a sha256 · `at`: unix seconds · the others: what a web server calls it."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: str
        at: int
        etag: str
        modified: str

    def due(self, how: How) -> bool:
        """Whether it is to be looked up again."""
        if how.alone or how.refresh == NEVER:
            return False
        return how.refresh == ALWAYS or not 0 <= time.time() - self.at < int(how.refresh)


class Record:
    """Everything raises Trouble and OSError."""

    def __init__(self, store: Store, catalog: str, base: str) -> None:
        self._store = store
        self._base = base
        text = dumps({"v": FORMAT, "record": base}).decode()
        self.wanted = Wanted(text, title_of(base), catalog, private=True, mutable=True, sums=False)

    def path(self) -> str:
        """The folder, made where it is not there."""
        return self._store.make(self.wanted, self._begin).path

    def _begin(self, out: str) -> None:
        replace(out + "/url", self._base.encode() + b"\n")

    def locked(self, how: How) -> Lock:
        """Nobody else fetches it meanwhile: a context manager."""
        return self._store.hold(self.wanted, how.report)

    def stamp(self, ref: str) -> Optional[Stamp]:
        """What is known of a reference."""
        found = self._store.find(self.wanted)
        if found is None:
            return None
        try:
            with open(_place(found.path, ref), "rb") as file:
                row = loads(file.read(65536))
            return Stamp(str(row["id"]), int(row["at"]), str(row["etag"]), str(row["modified"]))
        except (OSError, FormatError, KeyError, TypeError, ValueError):
            return None  # never written, or not wholly: it is looked up again

    def note(self, ref: str, stamp: Stamp) -> None:
        replace(_place(self.path(), ref), dumps(stamp._asdict()))


def _place(path: str, ref: str) -> str:
    return "%s/%s.is" % (path, hash_of("ref", ref))


def title_of(base: str) -> str:
    """What entries made of a url are called: the last step of its path, without what it ends in."""
    name = file_of(base)
    for end in _ENDS:
        name = name[: -len(end)] if name.endswith(end) else name
    return name or "none"


def file_of(base: str) -> str:
    """The last step of a url's path, as a file can be called."""
    name = base.partition("?")[0].rstrip("/").rpartition("/")[2]
    plain = "".join(sign if sign in TITLE else "_" for sign in name)
    return plain.lstrip(".-")[-LONGEST:].lstrip(".-") or "none"
