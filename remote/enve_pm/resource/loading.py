"""A sub-pm's side of its definitions: `load HASH` takes up what the parent placed in the feed."""

from __future__ import annotations

import os

from enve_pm.core import blob
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.shell import feed, ingest, store
from enve_pm.shell.branch import order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.shell.loop import Loop

    Lines = dict[str, str]

DONE, FAILED, BAD = 0, 3, 64
MARCH = "march"  # what an operator has just sent: it overrides what was set by hand


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

    def command(self, job: str, args: Sequence[str]) -> None:
        if not args or list(args[1:]) not in ([], [MARCH]):
            self._finish(job, BAD, "load: wanted one sha256, and perhaps `%s`" % MARCH)
            return
        try:
            lines = feed.read(self._feed, args[0])
            missing = self._missing(lines)
        except (feed.NotFed, FormatError, UnitError) as error:
            self._finish(job, BAD, str(error))
            return
        self._latest = job
        self._march = self._march or len(args) > 1
        if missing:
            self._fetch(job, lines, missing)
        else:
            self._take(job, lines)

    def _missing(self, lines: Lines) -> dict[str, int]:
        specs = [UnitSpec.parse(loads(line.encode())) for line in lines.values()]
        there = set(os.listdir(self._store))
        return {name: size for name, size in blob.named(specs).items() if name not in there}

    def _fetch(self, job: str, lines: Lines, missing: dict[str, int]) -> None:
        """A child copies the blobs into our store, checking each."""
        request = "".join(f"{name} {size}\n" for name, size in missing.items()).encode()
        try:
            order(self._loop, request, self._ingest, lambda code: self._fetched(job, lines))
        except OSError as error:
            self._finish(job, FAILED, f"load: {error.strerror}")

    def _ingest(self) -> int:
        return ingest.main(self._feed, self._store, store.QUOTA)

    def _fetched(self, job: str, lines: Lines) -> None:
        still = self._missing(lines)
        if still:
            self._finish(job, FAILED, f"load: blobs are missing in the feed: {' '.join(still)}")
        else:
            self._take(job, lines)

    def _take(self, job: str, lines: Lines) -> None:
        if job == self._latest:
            march, self._march = self._march, False
            self._load(job, lines, march)
        else:
            self._finish(job, DONE, "")
