"""An archive of a web server, by way of the store: kept by what it hashes to, so that a url that is
asked again, or another one for the same file, need not bring it again."""

from __future__ import annotations

import os
import shutil
import time

from enve_fire.core.digest import FORMAT
from enve_fire.fetch import checkout
from enve_fire.fetch.archive import Brought, check, hashed
from enve_fire.fetch.download import Download
from enve_fire.fetch.record import DOWNLOAD, Record, Stamp, file_of, title_of
from enve_fire.store.wanted import Wanted
from enve_fire.tree.pace import Amount
from enve_pm.core.canonical import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from enve_fire.core.url import Url
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store


class Web:
    """`bring` raises Trouble, OSError."""

    def __init__(self, url: Url, store: Store, how: How) -> None:
        self.url = url
        self.store = store
        self.how = how
        self.record = Record(store, DOWNLOAD, url.base)
        self._known = None if url.sha256 else self.record.stamp("")

    def bring(self) -> Brought:
        return self._here() or self._fetched()

    def _here(self) -> Optional[Brought]:
        """What was downloaded before."""
        if self.url.sha256:
            return self._kept(self.url.sha256)
        if self._known is None or self._known.due(self.how):
            return None
        return self._kept(self._known.id)

    def _come(self) -> Optional[Brought]:
        """What somebody else downloaded while we waited for the lock."""
        before = self._known
        if self.url.sha256:
            return self._here()
        self._known = self.record.stamp("")
        return self._kept(self._known.id) if self._known and self._known != before else None

    def _kept(self, sha256: str) -> Optional[Brought]:
        found = self.store.find(self._wanted(sha256))
        names = os.listdir(found.path) if found else ()
        return Brought("%s/%s" % (found.path, names[0]), sha256) if found and names else None

    def _wanted(self, sha256: str) -> Wanted:
        text = dumps({"v": FORMAT, "sha256": sha256}).decode()
        return Wanted(text, title_of(self.url.base), DOWNLOAD, sums=False)

    def _fetched(self) -> Brought:
        if self.how.alone:
            raise checkout.offline(self.url, "what it gives")
        folder = self.record.path()
        with self.record.locked(self.how):
            return self._come() or self._download(folder)

    def _download(self, folder: str) -> Brought:
        stamp = self._known
        kept = stamp and self._kept(stamp.id)
        names = (stamp.etag, stamp.modified) if stamp and kept else ("", "")
        work = Download(self.url.base, folder, self.how, *names)
        came = work.run()
        if came is None and stamp and kept:
            self.record.note("", stamp._replace(at=int(time.time())))
            return kept
        return self._keep(work, came)

    def _keep(self, work: Any, came: Any) -> Brought:
        sha256 = self._hashed(came.path)
        if self.url.sha256 and sha256 != self.url.sha256 and came.resumed:
            work.drop()  # it may be two files put together
            came = work.run()
            sha256 = self._hashed(came.path)
        try:
            check(self.url, sha256)
            self.store.make(self._wanted(sha256), lambda out: self._move(came.path, out))
        finally:
            work.drop()
        if not self.url.sha256:
            stamp = Stamp(sha256, int(time.time()), came.etag, came.modified)
            self.record.note("", stamp)
        kept = self._kept(sha256)
        assert kept is not None  # noqa: S101  (it was made just now)
        return kept

    def _hashed(self, path: str) -> str:
        tell = Amount(self.how.report, "hash of " + self.url.base)
        return hashed(path, self.how.most, tell)

    def _move(self, path: str, out: str) -> None:
        os.chmod(path, 0o644)
        shutil.move(path, "%s/%s" % (out, file_of(self.url.base)))
