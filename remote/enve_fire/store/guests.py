"""What other users keep of root's: by their roots, and by what the entries need that these keep.

Whatever they have written can only keep something. It counts by who owns it, is reached without
following links, and there is an end to how much of it is read.
"""

from __future__ import annotations

import os
import stat

from enve_fire.store import roots, shelf, survey
from enve_fire.store.entry import META, ROOTS
from enve_fire.tree import trusted
from enve_fire.tree.walk import FILE
from enve_pm.core.canonical import loads
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Iterator

    from enve_fire.store.roots import Root

FILES, BYTES = 10_000, 64 << 20  # that are read of one user
LONGEST = 1 << 20  # bytes of one file
STEPS = 1_000_000  # from what needs something to that
PATIENCE = 10.0  # seconds for all the paths that roots live with: they may lie anywhere


def held(store: str, names: Collection[str]) -> list[Root]:
    """Of these names of root's entries those that somebody keeps, as roots of root's own. Raises
    OSError where the store itself cannot be read."""
    guests = [_Guest(uid, paths) for uid, paths in _shelves(store).items()]
    found = [(guest, root) for guest in guests for root in guest.roots()]
    gone = _gone([root.path for _, root in found if root.path])
    kept = []
    for guest, root in found:
        if root.path not in gone:
            shown = guest.shown(root)
            kept += [shown._replace(entry=one) for one in guest.closure(root.entry) if one in names]
    return kept


def _shelves(store: str) -> dict[int, list[str]]:
    """Uid -> the folders that are only his to write to."""
    found: dict[int, list[str]] = {}
    for name in sorted(os.listdir(store)):
        state = os.lstat(store + "/" + name)
        if stat.S_ISDIR(state.st_mode) and state.st_uid and trusted.is_closed(state):
            found.setdefault(state.st_uid, []).append(store + "/" + name)
    return found


def _gone(paths: list[str]) -> set[str]:
    """Those that are not there any more; who takes too long to say counts as there."""
    from threading import Thread

    found: set[str] = set()

    def look() -> None:
        for path in paths:
            if roots.is_gone(path):
                found.add(path)

    looking = Thread(target=look, daemon=True)
    looking.start()
    looking.join(PATIENCE)
    return found.copy()


class _Guest:
    def __init__(self, uid: int, paths: list[str]) -> None:
        self._uid = uid
        self._paths = paths
        self._files, self._bytes, self._steps = FILES, BYTES, STEPS
        self._deps: dict[str, list[str]] = {}

    def roots(self) -> Iterator[Root]:
        """Whether or not their paths are there."""
        for path in self._paths:
            for folder in self._opened(path, ROOTS):
                yield from self._in(folder, path + "/" + ROOTS)

    def _in(self, folder: Folder, path: str) -> Iterator[Root]:
        with os.scandir(folder.fd) as listed:
            for one in listed:
                found = roots.parse(one.name, self._read(folder, one.name) or b"", path)
                if found:
                    yield found
                if self._files <= 0:
                    return

    def shown(self, root: Root) -> Root:
        """As a terminal may show it."""
        name, path = (one if one.isprintable() else ascii(one) for one in (root.name, root.path))
        return root._replace(name="%s: %s" % (shelf.user(self._uid), name), path=path)

    def closure(self, name: str) -> Collection[str]:
        """It, and all that it needs as far as that is his."""
        seen, left = {name}, [name]
        while left and self._steps > 0:
            for dep in self._needs(left.pop()):
                self._steps -= 1
                if dep not in seen and self._steps > 0:
                    seen.add(dep)
                    left.append(dep)
        return seen

    def _needs(self, name: str) -> list[str]:
        if name not in self._deps:
            found = [self._meta(path, name) for path in self._paths]
            self._deps[name] = [dep for meta in found for dep in survey.needs(meta)]
        return self._deps[name]

    def _meta(self, path: str, name: str) -> Any:
        for folder in self._opened(path, META):
            try:
                return loads(self._read(folder, name + ".json") or b"{}")
            except FormatError:
                break
        return {}

    # -- within bounds -----------------------------------------------------------------------------
    def _opened(self, path: str, inner: str) -> Iterator[Folder]:
        """One, or none."""
        try:
            with Folder.open(path) as outer:
                folder = outer.below(inner) if self._is_his(outer.fd) else None
        except OSError:
            return
        if folder is not None:
            with folder:
                if self._is_his(folder.fd):
                    yield folder

    def _is_his(self, handle: int) -> bool:
        return os.fstat(handle).st_uid == self._uid

    def _read(self, folder: Folder, name: str) -> bytes | None:
        self._files -= 1
        if self._files < 0 or self._bytes < 0:
            return None
        try:
            handle = os.open(name, FILE, dir_fd=folder.fd)
        except OSError:
            return None
        try:
            if not (stat.S_ISREG(os.fstat(handle).st_mode) and self._is_his(handle)):
                return None
            data = read_all(handle, LONGEST + 1)
        except OSError:
            return None
        finally:
            os.close(handle)
        self._bytes -= len(data)
        return data if len(data) <= LONGEST else None
