"""Making an entry, step by step, so that whoever is killed at any of them leaves the store correct:
an entry is there with all that is known about it, or it is not there.
"""

from __future__ import annotations

import os
import time

from enve_fire.core.trouble import FAILED, FULL, MISS, MISSING, REFUSED, Trouble
from enve_fire.store import closing, draft
from enve_fire.store import entry as entries
from enve_fire.store.entry import Entry
from enve_fire.store.placing import Placing
from enve_fire.store.shelf import roomy
from enve_fire.tree import listfile
from enve_fire.tree.flush import flush
from enve_fire.tree.listing import listing
from enve_fire.tree.pace import Amount, quiet
from enve_pm.core.canonical import dumps
from enve_pm.core.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from enve_fire.store.wanted import Wanted
    from enve_fire.tree.pace import Report

    Method = Callable[[str], None]


class Making:
    """`look`: what finds the entry where somebody else was faster."""

    def __init__(
        self,
        shelf: str,
        wanted: Wanted,
        look: Callable[[], Entry | None],
        report: Report = quiet,
    ) -> None:
        self.shelf = shelf
        self.wanted = wanted
        self._look = look
        self.entry = Entry(shelf, wanted.name, wanted.catalog, wanted.private)
        self._draft = ""
        self._report = report

    def run(self, method: Method) -> Entry:
        """Raises what the method raises, Trouble, OSError."""
        self._draft = draft.begin(self.shelf, self.wanted.name)
        try:
            begun = time.monotonic()
            method(self._draft + "/" + draft.OUT)
            self._finish(int((time.monotonic() - begun) * 1000))
            placing = Placing(self._draft, self.entry, self._look)
            return placing.run()
        except Exception as error:
            if not (isinstance(error, Trouble) and error.code in (MISS, REFUSED)):
                self._failed()
            raise self._told(error) from error
        finally:
            draft.remove(self._draft)

    def _finish(self, cost: int) -> None:
        """All that will be known of the entry lies beside it, on disk."""
        out = self._draft + "/" + draft.OUT
        if os.path.islink(out) or not os.path.isdir(out) or not os.listdir(out):
            raise Trouble(FAILED, "%s: nothing was made in $OUT" % self.wanted.name)
        mode = os.stat(out).st_mode & 0o755 | 0o700  # else it could not be renamed
        os.chmod(out, mode)
        size = closing.measure(out, close=not self.wanted.mutable)
        self._write(draft.META, self._meta(size, cost))
        self._write(draft.SUMS, self._sums(out))
        self._write(draft.TEXT, b"" if self.wanted.private else self.wanted.text.encode())
        flush(self._draft)

    def _write(self, name: str, data: bytes) -> None:
        path = self._draft + "/" + name
        draft.write(path, data, 0o600 if self.wanted.private else 0o644)

    def _sums(self, out: str) -> bytes:
        """What its files hash to; nothing of what may change."""
        tell = Amount(self._report, "hash of " + self.wanted.name)
        known = self.wanted.sums and not self.wanted.mutable
        rows = listing(out, tell=tell) if known else None
        return listfile.dumps(rows) if rows else b""

    def _meta(self, size: closing.Size, cost: int) -> bytes:
        wanted, now, out = self.wanted, int(time.time()), self._draft + "/" + draft.OUT
        facts = {
            "text": sha256(wanted.text.encode()).hexdigest(),
            "title": wanted.title,
            "made": now,
            "expires": now + wanted.ttl if wanted.ttl else 0,
            "cost_ms": cost,
            "bytes": size.bytes,
            "files": size.files,
            "deps": list(wanted.deps),
            "mutable": wanted.mutable,
            "note": draft.stated(out, draft.NOTE),
            **draft.stated(out, draft.FACTS),
        }
        return dumps(facts) + b"\n"

    # -- failures ----------------------------------------------------------------------------------
    def _failed(self) -> None:
        """The last failure is kept; on a disk that is nearly full only what was printed."""
        kept = "%s/%s/%s" % (self.shelf, entries.FAILED, self.wanted.name)
        try:
            if not roomy(self.shelf):
                for name in (draft.OUT, draft.WORK):
                    draft.remove(self._draft + "/" + name)
            draft.remove(kept)
            os.rename(self._draft, kept)
        except OSError:
            pass  # it is removed then

    def _told(self, error: Exception) -> Exception:
        """With paths that are still there."""
        if isinstance(error, Trouble):
            kept = "%s/%s/%s" % (self.shelf, entries.FAILED, self.wanted.name)
            error.hint = error.hint.replace(self._draft, kept)
            error.log = error.log.replace(self._draft, kept)
        if isinstance(error, OSError) and error.errno in FULL:
            text = "%s: no space is left to make %s" % (self.shelf, self.wanted.name)
            return Trouble(MISSING, text, "make room, or: enve store gc --max-size SIZE")
        return error
