"""The store: looks up what was made before, and makes what was not, once."""

from __future__ import annotations

import os
import time

from enve_fire.core.trouble import MISS, Trouble
from enve_fire.store import draft, members, shelf, trust
from enve_fire.store import entry as entries
from enve_fire.store.entry import Entry
from enve_fire.store.lock import Lock
from enve_fire.store.making import Making

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Mapping

    from enve_fire.store.making import Method
    from enve_fire.store.wanted import Wanted

    Report = Callable[[str], None]

_LOOKS, _PAUSE = 5, 0.002  # while an entry that had expired is replaced


def quiet(_: str) -> None:
    """Nobody is told."""


class Store:
    """`first`: the folder that is written to. Everything raises Trouble and OSError."""

    def __init__(self, found: members.Members, me: int) -> None:
        self.first = found.first
        self.others = found.others
        self.webs = found.webs
        self.me = me

    @classmethod
    def of(cls, environ: Mapping[str, str], uid: int | None = None) -> Store:
        """Where ENVE_STORE says, or this machine. `uid`: whose; we ourselves by default."""
        return cls(members.members(environ), os.geteuid() if uid is None else uid)

    def find(self, wanted: Wanted) -> Entry | None:
        """An entry that is there and has not expired; nothing is fetched."""
        for path in self._shelves(wanted):
            found = self._on(path, wanted)
            if found is not None and found.fresh(wanted):
                if os.lstat(path).st_uid == self.me:
                    found.touch()
                return found
        return None

    def make(self, wanted: Wanted, method: Method | None, report: Report = quiet) -> Entry:
        """The entry; made by `method`, which is given an empty folder, where it is not there. Of
        several who want it one makes it, and the others wait. Raises what the method raises."""
        found = self.find(wanted)
        if found is not None:
            return found
        if method is None:
            raise Trouble(MISS, "%s is not in the store" % wanted.name, "say how it is made")
        with self._locked(wanted, report):
            return self.find(wanted) or self._made(wanted, method, report)

    def hold(self, wanted: Wanted, report: Report = quiet) -> Lock:
        """The lock of an entry that is changed in place: a context manager."""
        return self._locked(wanted, report)

    # -- inside ------------------------------------------------------------------------------------
    def _shelves(self, wanted: Wanted) -> Iterator[str]:
        for member in (self.first, *self.others):
            try:
                store = trust.store(member, self.me)
            except FileNotFoundError:
                continue
            yield from shelf.to_read(store, wanted.catalog, wanted.private, self.me)

    def _on(self, path: str, wanted: Wanted) -> Entry | None:
        found = Entry(path, wanted.name, wanted.catalog)
        for _ in range(_LOOKS):
            if trust.entry(found.path, self.me):
                return found
            if not os.path.lexists(found.beside("json")):
                return None
            time.sleep(_PAUSE)
        return None

    def _mine(self, wanted: Wanted) -> list[str]:
        try:
            store = trust.store(self.first, self.me)
        except FileNotFoundError:
            os.makedirs(self.first, 0o755, exist_ok=True)
            store = trust.store(self.first, self.me)
        return shelf.mine(store, wanted.catalog, wanted.private, self.me)

    def _locked(self, wanted: Wanted, report: Report) -> Lock:
        """The lock lies on the first shelf, wherever there is room for the entry."""
        first = self._mine(wanted)[0]
        shelf.furnish(first, self.me)
        return Lock(first + "/" + entries.LOCK, wanted.name, report)

    def _made(self, wanted: Wanted, method: Method, report: Report) -> Entry:
        paths = self._mine(wanted)
        for path in paths:
            draft.sweep(path, wanted.name)
        path = shelf.roomiest(paths)
        shelf.furnish(path, self.me)
        report("making %s" % wanted.name)
        return Making(path, wanted, lambda: self.find(wanted)).run(method)
