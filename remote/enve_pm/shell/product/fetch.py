"""Fetching: the child that copies blobs from the inbox into the store, seen from pm."""

from __future__ import annotations

import os

from enve_pm.core.refusal import STORAGE, Refused
from enve_pm.shell.events.branch import order
from enve_pm.shell.product import ingest
from enve_pm.shell.state.handle import nameless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.product.store import Store

    Done = Callable[[dict[str, str]], None]


class Fetch:
    """`done({sha256: reason})` names those that are not in the store afterwards."""

    def __init__(self, loop: Loop, inbox: str, store: Store, done: Done) -> None:
        self.loop = loop
        self.inbox = inbox
        self.store = store
        self.done = done
        self.missing: Mapping[str, int] = {}
        self.quota = 0
        self.output = -1

    def start(self, missing: Mapping[str, int], quota: int) -> None:
        """missing: {sha256: size}; quota of the inbox in bytes. Refused(storage) when the child
        cannot be started."""
        self.missing, self.quota = missing, quota
        request = "".join("%s %d\n" % row for row in sorted(missing.items()))
        try:
            self.output = nameless(self.store.folder)
            order(self.loop, request.encode("ascii"), self._ingest, self._ended, {1: self.output})
        except OSError as error:
            self._close()
            raise Refused(STORAGE, "blobs cannot be fetched: %s" % error) from None

    def _ingest(self) -> int:
        return ingest.main(self.inbox, self.store.folder, self.quota)

    def _ended(self, code: int) -> None:
        os.lseek(self.output, 0, os.SEEK_SET)
        said = ingest.read_answer(os.read(self.output, ingest.ROWS))
        self._close()
        taken = {name: size for name, size in self.missing.items() if said.get(name) == "ok"}
        self.store.sizes.update(taken)
        left = self.store.missing(self.missing)
        ended = "missing (the copy ended with %d)" % code
        self.done({name: said.get(name, ended) for name in left})

    def _close(self) -> None:
        if self.output >= 0:
            os.close(self.output)
            self.output = -1
