"""A sub-pm's side of its definitions: `load HASH` takes up what the parent placed in the feed."""

from __future__ import annotations

import os

from enve_pm.core import blob
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.shell.events.branch import order
from enve_pm.shell.product import feed, ingest, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from enve_pm.shell.events.loop import Loop

    Lines = dict[str, str]

DONE, FAILED, BAD = 0, 3, 64
MARCH = "march"  # what an operator has just sent: it overrides what was set by hand
NOT_TAKEN = "not loaded: "  # (no row about a unit begins so: no address has a blank there)


class Loading:
    """`load` takes job, lines, and whether they override what was set by hand; it answers when they
    are in force; `finish` answers the rest. Of several under way the last counts."""

    def __init__(
        self,
        loop: Loop,
        home: str,
        folder: str,
        load: Callable[[str, Lines, bool], None],
        finish: Callable[[str, int, str], None],
    ) -> None:
        self._loop = loop
        self._store = home + "/store"
        self._feed = folder
        self._load = load
        self._finish = finish
        self._latest = ""
        self._march = False  # one of those under way overrides
        self._fetching = 0
        self._named: set[str] = set()  # blobs of the lines that were taken last

    @property
    def quiet(self) -> bool:
        """No blob is being copied: whoever follows us would not hear of its end."""
        return not self._fetching

    def command(self, job: str, args: Sequence[str]) -> None:
        if not args or list(args[1:]) not in ([], [MARCH]):
            self._finish(job, BAD, "load: wanted one sha256, and perhaps `%s`" % MARCH)
            return
        self._latest = job
        self._march = self._march or len(args) > 1
        try:
            lines = feed.read(self._feed, args[0])
            wanted = _blobs(lines)
            missing = self._missing(wanted)
            if missing:
                self._fetch(job, lines, missing)
                return
        except (feed.NotFed, FormatError, UnitError) as error:
            self._refuse(job, BAD, str(error))
        except OSError as error:
            self._refuse(job, FAILED, "%s: %s" % (error.filename or "blobs", error.strerror))
        else:
            self._take(job, lines, wanted)

    def _missing(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Raises OSError."""
        there = set(os.listdir(self._store))
        return {name: size for name, size in wanted.items() if name not in there}

    def _fetch(self, job: str, lines: Lines, missing: dict[str, int]) -> None:
        """A child copies the blobs into our store, checking each. Raises OSError."""
        request = "".join(f"{name} {size}\n" for name, size in missing.items()).encode()
        order(self._loop, request, self._ingest, lambda code: self._fetched(job, lines))
        self._fetching += 1

    def _ingest(self) -> int:
        return ingest.main(self._feed, self._store, store.QUOTA)

    def _fetched(self, job: str, lines: Lines) -> None:
        self._fetching -= 1
        wanted = _blobs(lines)
        try:
            still = " ".join(self._missing(wanted))
        except OSError as error:
            still = error.strerror or str(error)
        if still:
            self._refuse(job, FAILED, f"blobs are missing in the feed: {still}")
        else:
            self._take(job, lines, wanted)

    def _refuse(self, job: str, code: int, why: str) -> None:
        if job == self._latest:
            self._march = False
        self._finish(job, code, NOT_TAKEN + why)

    def _take(self, job: str, lines: Lines, wanted: Mapping[str, int]) -> None:
        if job == self._latest:
            march, self._march = self._march, False
            self._prune(wanted)
            self._load(job, lines, march)
        else:
            self._finish(job, DONE, "")

    def _prune(self, wanted: Mapping[str, int]) -> None:
        """What neither these lines name nor those before, which may still be on their way into the
        spots, leaves the store. What cannot be removed is tried again next time."""
        kept = self._named.union(wanted)
        self._named = set(wanted)
        try:
            for name in set(os.listdir(self._store)) - kept:
                if not name.startswith(".") or self.quiet:  # else a copy that is under way
                    os.unlink(f"{self._store}/{name}")
        except OSError:
            return


def _blobs(lines: Lines) -> dict[str, int]:
    """{sha256: size} of all that they name. Raises FormatError, UnitError."""
    return blob.named(UnitSpec.parse(loads(line.encode())) for line in lines.values())
