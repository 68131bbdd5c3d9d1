"""An archive of a web server, by way of the store: kept by what it hashes to, so that a url that is
asked again, or another one for the same file, need not bring it again."""

from __future__ import annotations

import time

from enve_fire.fetch import checkout, plain
from enve_fire.fetch.archive.brought import Brought, check
from enve_fire.fetch.archive.localfile import hashed
from enve_fire.fetch.record import DOWNLOAD, Record, Stamp
from enve_fire.fetch.web.download import Download
from enve_fire.fetch.web.downloads import Downloads

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
        self.how = how
        self._downloads = Downloads(url, store)
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
        return self._downloads.find(sha256)

    def _fetched(self) -> Brought:
        if self.how.alone:
            raise checkout.offline(self.url, "what it gives")
        plain.judge(self.url, self.how.environ)
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
            kept = self._downloads.keep(Brought(came.path, sha256, False))
        finally:
            work.drop()
        if not self.url.sha256:
            stamp = Stamp(sha256, int(time.time()), came.etag, came.modified)
            self.record.note("", stamp)
        return kept

    def _hashed(self, path: str) -> str:
        return hashed(path, self.how, self.url.base)
