"""An entry of a store, and what is kept about it beside it.

NAME/              what was made
.meta/NAME.json    canonical JSON, one line
.meta/NAME.txt     the text that it is known by (not of private ones)
.meta/NAME.log     what was printed while it was made
.used/NAME         its time says when it was last asked for, to the hour
"""

from __future__ import annotations

import os
import time

from enve_fire.store import trust
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.store.wanted import Wanted

META, USED, LOCK, ROOTS, FAILED = ".meta", ".used", ".lock", ".roots", ".failed"
HOUR = 3600


class Entry:
    """`path`: the folder. `name`: HASH-TITLE. `shelf`: the folder that it is in."""

    __slots__ = ("catalog", "name", "path", "private", "shelf")

    def __init__(self, shelf: str, name: str, catalog: str, private: bool = False) -> None:
        self.shelf = shelf
        self.name = name
        self.catalog = catalog
        self.private = private
        self.path = shelf + "/" + name

    def beside(self, kind: str) -> str:
        return "%s/%s/%s.%s" % (self.shelf, META, self.name, kind)

    def meta(self) -> Mapping[str, Any]:
        """text (its SHA-256), title, made, cost_ms, bytes, files, deps, expires, mutable, note; {}
        where nothing is known."""
        data = trust.read(self.beside("json"), os.geteuid())
        try:
            found = loads(data) if data else {}
        except FormatError:
            found = {}
        return found if isinstance(found, dict) else {}

    def fresh(self, wanted: Wanted) -> bool:
        """Whether it has not expired, by its own account and by that of who asks."""
        meta: Mapping[str, Any] = {}
        if wanted.ttl or os.path.lexists(self.beside("json")):
            meta = self.meta()
        now = int(time.time())
        end, made = meta.get("expires", 0), meta.get("made", 0)
        if (end and now >= end) or (wanted.ttl and not made <= now < made + wanted.ttl):
            return False
        return wanted.check is None or wanted.check(self.path)

    def used(self) -> float:
        """When it was last asked for, in seconds; when it was made if never."""
        try:
            return os.lstat("%s/%s/%s" % (self.shelf, USED, self.name)).st_mtime
        except OSError:
            return float(self.meta().get("made", 0))

    def touch(self) -> None:
        """Note that it was asked for; a store that cannot be written to goes without."""
        if not trust.inner(self.shelf + "/" + USED, os.geteuid()):
            return
        path = "%s/%s/%s" % (self.shelf, USED, self.name)
        try:
            if time.time() - os.lstat(path).st_mtime > HOUR:
                os.utime(path)
        except FileNotFoundError:
            _create(path)
        except OSError:
            pass


def _create(path: str) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError:
        pass
