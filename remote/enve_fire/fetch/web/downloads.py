"""Archives in the store, as they came: kept by what they hash to."""

from __future__ import annotations

import os
import shutil

from enve_fire.core.digest import FORMAT
from enve_fire.fetch.archive.brought import Brought
from enve_fire.fetch.record import DOWNLOAD, file_of, title_of
from enve_fire.store.wanted import Wanted
from enve_pm.core.canonical import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from enve_fire.core.url import Url
    from enve_fire.store.store import Store


class Downloads:
    """Everything raises Trouble, OSError."""

    def __init__(self, url: Url, store: Store) -> None:
        self._base = url.base
        self._store = store

    def find(self, sha256: str, hidden: bool = False) -> Optional[Brought]:
        """`hidden`: not everybody could have read it."""
        found = self._store.find(self._wanted(sha256, hidden))
        names = os.listdir(found.path) if found else ()
        if found is None or not names:
            return None
        return Brought("%s/%s" % (found.path, names[0]), sha256, hidden)

    def keep(self, brought: Brought) -> Brought:
        """A file, which is moved there."""
        wanted = self._wanted(brought.sha256, brought.hidden)
        self._store.make(wanted, lambda out: self._move(brought.path, out))
        found = self.find(brought.sha256, brought.hidden)
        assert found is not None  # noqa: S101  (it was made just now)
        return found

    def _wanted(self, sha256: str, hidden: bool) -> Wanted:
        text = dumps({"v": FORMAT, "sha256": sha256}).decode()
        return Wanted(text, title_of(self._base), DOWNLOAD, private=hidden, sums=False)

    def _move(self, path: str, out: str) -> None:
        os.chmod(path, 0o644)
        shutil.move(path, "%s/%s" % (out, file_of(self._base)))
