"""The store: looks up what was made before, and makes what was not, once."""

from __future__ import annotations

import os
from functools import partial

from enve_fire.core.trouble import MISS, MISSING, Trouble
from enve_fire.store import draft, members, presence, shelf, trust
from enve_fire.store import entry as entries
from enve_fire.store.entry import Entry
from enve_fire.store.lock import Lock, is_idle
from enve_fire.tree.pace import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping

    from enve_fire.store.making import Method
    from enve_fire.store.wanted import Wanted
    from enve_fire.tree.pace import Report


_ELSEWHERE = "set ENVE_STORE to a folder of your own"
OFFLINE, RING = "ENVE_OFFLINE", "ENVE_KEYRING"


def miss(wanted: Wanted) -> Trouble:
    return Trouble(MISS, "%s is not in the store" % wanted.name, "say how it is made")


class Store:
    """`first`: the folder that is written to · `webs`: prefixes that others serve theirs at, see
    `fetch.web.served`; none is asked here. Everything raises Trouble and OSError."""

    def __init__(self, found: members.Members, me: int, limit: int = 0, ring: str = "") -> None:
        self.first = found.first
        self.others = found.others
        self.webs = found.webs
        self.ring: str | bytes = ring  # whose signatures count there: a file, or what is in it
        self.me = me
        self.limit = limit  # bytes; 0: it never collects by itself

    @classmethod
    def of(cls, environ: Mapping[str, str], uid: int | None = None, offline: bool = False) -> Store:
        """Where ENVE_STORE says, or this machine. `uid`: whose; we ourselves by default. `offline`:
        no web server is asked; ENVE_OFFLINE says so too."""
        me = os.geteuid() if uid is None else uid
        found = members.members(environ)
        if offline or environ.get(OFFLINE, "") not in ("", "0"):
            found = found._replace(webs=())
        return cls(found, me, members.limit(environ), environ.get(RING, ""))

    def find(self, wanted: Wanted) -> Entry | None:
        """An entry that is there and has not expired; nothing is fetched."""
        for path in self._shelves(wanted):
            found = Entry(path, wanted.name, wanted.catalog, wanted.private)
            there = presence.is_there(found, self.me, partial(self._ended, path, wanted))
            if there and found.fresh(wanted):
                if os.lstat(path).st_uid == self.me:
                    found.touch()
                return found
        return None

    def make(self, wanted: Wanted, method: Method | None, report: Report = quiet) -> Entry:
        """The entry; made by `method`, which is given an empty folder, where it is not there. Of
        several who want it one makes it, and the others wait. Raises what the method raises."""

        def told(out: str) -> None:
            report("making %s (%s)" % (wanted.name, wanted.catalog))
            method(out)  # type: ignore[misc]

        return self.fill(wanted, told if method else None, report)

    def fill(self, wanted: Wanted, method: Method | None, report: Report = quiet) -> Entry:
        """As `make`, for a method that tells by itself what it does."""
        found = self.find(wanted)
        if found is not None:
            return found
        if method is None:
            raise miss(wanted)
        with self._locked(wanted, report, lambda: self.find(wanted)) as lock:
            found = lock.found or self.find(wanted)
            if found is not None:
                return found
            made = self._made(wanted, method, report, lock.kernel)
        if self.limit:
            from enve_fire.store import collect

            collect.by_itself(self, report)
        return made

    def _made(self, wanted: Wanted, method: Method, report: Report, locked: bool) -> Entry:
        """`locked`: nobody else can be at it."""
        from enve_fire.store.making import Making

        paths = self.mine(wanted.catalog, wanted.private)
        for path in paths:
            draft.sweep(path, wanted.name, locked)
        path = shelf.roomiest(paths)
        shelf.furnish(path, self.me)
        return Making(path, wanted, lambda: self.find(wanted), report).run(method)

    def hold(self, wanted: Wanted, report: Report = quiet) -> Lock:
        """The lock of an entry that is changed in place: a context manager."""
        return self._locked(wanted, report, lambda: None)

    def folders(self) -> Iterator[str]:
        """Of its members those that are there, the first first."""
        for member in (self.first, *self.others):
            try:
                yield trust.store(member, self.me)
            except FileNotFoundError:
                continue
            except PermissionError as error:
                told = "the store %s cannot be read: %s" % (member, error.strerror)
                raise Trouble(MISSING, told, _ELSEWHERE) from None

    def mine(self, catalog: str, private: bool) -> list[str]:
        """The shelves that are written to, one of them at least."""
        try:
            try:
                store = trust.store(self.first, self.me)
            except FileNotFoundError:
                os.makedirs(self.first, 0o755, exist_ok=True)
                store = trust.store(self.first, self.me)
            return shelf.mine(store, catalog, private, self.me)
        except OSError as error:
            told = "the store %s cannot be written to: %s: %s"
            told %= (self.first, error.filename, error.strerror)
            raise Trouble(MISSING, told, _ELSEWHERE) from None

    # -- inside ------------------------------------------------------------------------------------
    def _shelves(self, wanted: Wanted) -> Iterator[str]:
        for store in self.folders():
            yield from shelf.to_read(store, wanted.catalog, wanted.private, self.me)

    def _ended(self, path: str, wanted: Wanted) -> bool:
        """Whether nobody is at it."""
        if os.lstat(path).st_uid != self.me:
            return presence.is_quiet(path)  # we may not open its locks
        first = self.mine(wanted.catalog, wanted.private)[0]
        return is_idle("%s/%s/%s" % (first, entries.LOCK, wanted.name))

    def _locked(self, wanted: Wanted, report: Report, look: Callable[[], Any]) -> Lock:
        """The lock lies on the first shelf, wherever there is room for the entry."""
        first = self.mine(wanted.catalog, wanted.private)[0]
        shelf.furnish(first, self.me)
        return Lock(first + "/" + entries.LOCK, wanted.name, report, look)
