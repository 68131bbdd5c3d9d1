"""A place of its own is replaced as a whole: what comes is filled beside it, then renamed.

    .NAME.tmp.RANDOM    for who fills `tree` in it, who locks it; nobody else may enter
    .NAME.old.RANDOM    what was replaced, for a moment
    .NAME.off.RANDOM    being removed; locked likewise
    .NAME.lock          held for the renames

Whoever is killed at any step leaves NAME as it was, or as it is to be, or (between two renames) as
.NAME.old, from which the next one takes it back.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager

from enve_fire.core import mark
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.store.lock import Lock
from enve_fire.tree import ground
from enve_fire.tree.pace import quiet
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, ContextManager, Iterator

    from enve_fire.tree.pace import Report

TMP, OLD, OFF, LOCK = ".tmp.", ".old.", ".off.", ".lock"
TREE = "tree"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Whole:
    """root: the absolute path of a folder, in one that is made where it is missing, and that nobody
    else may write in or could have led us to. Everything raises Trouble, OSError."""

    def __init__(self, root: str, report: Report = quiet) -> None:
        above, _, self._name = root.rpartition("/")
        with ground.opened(above or "/", INSTALL, alone=True):
            self._above = os.path.realpath(above or "/")
        self.root = "%s/%s" % (self._above, self._name)
        self._report = report

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The path of an empty folder, to be filled and then handed to `put`; what is still there
        afterwards goes."""
        self._sweep()
        path, handle = self._begin()
        tree = path + "/" + TREE
        try:
            os.mkdir(tree, 0o700)
            yield tree
        finally:
            self._remove(path)
            os.close(handle)

    def put(self, path: str, done: Callable[[], bool], around: ContextManager[None]) -> None:
        """What was filled becomes the root; what was there is aside. `done`: whether somebody else
        has been faster, and all stays as it is. `around`: that, for one at a time."""
        with self._locked():
            self._back()
            if done():
                return
            self._check()
            aside = self._new(OLD)
            with around:
                if os.path.lexists(self.root):
                    os.rename(self.root, aside)
                os.rename(path, self.root)
                sync_folder(self._above)

    def forget(self) -> None:
        """Remove what was replaced, and what somebody was killed over."""
        with self._locked():
            self._back()
            old = self._names(OLD)
            for name in old:
                os.rename(self._above + "/" + name, self._new(OFF))
            if old:
                sync_folder(self._above)
        self._sweep()  # that takes its time, and nobody waits for it

    def discard(self) -> None:
        """Remove the root, which counts as none from the first moment."""
        os.rename(self.root, self._new(OFF))
        sync_folder(self._above)
        self._sweep()

    # -- inside -----------------------------------------------------------------------------------
    def _begin(self) -> tuple[str, int]:
        while True:
            path = self._new(TMP)
            os.mkdir(path, 0o700)
            try:
                handle = os.open(path, _FOLDER)
            except FileNotFoundError:
                continue  # taken for a rest, before it was locked
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is(handle, path):
                return path, handle
            os.close(handle)

    def _new(self, kind: str) -> str:
        return "%s/%s%s" % (self._above, self._lead(kind), os.urandom(6).hex())

    def _lead(self, kind: str) -> str:
        """With a dot: what is beside a place is none, for whoever looks for places."""
        return "." + self._name + kind

    def _names(self, kind: str) -> list[str]:
        lead = self._lead(kind)
        return [name for name in sorted(os.listdir(self._above)) if name.startswith(lead)]

    def _newest(self) -> str:
        """The one that was put aside last: a rename changes its status. "" for none."""
        paths = [self._above + "/" + name for name in self._names(OLD)]
        return max(paths, key=lambda path: os.lstat(path).st_ctime_ns, default="")

    def _back(self) -> None:
        """Where there is no root but one that was put aside, that one is it."""
        found = self._newest()
        if found and not os.path.lexists(self.root):
            os.rename(found, self.root)
            sync_folder(self._above)

    def _check(self) -> None:
        """Raises Trouble where something is in the way that no install has made."""
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return
        except NotADirectoryError:
            names = [self._name]
        link = os.path.islink(self.root)
        settled = os.path.lexists(self.root + "/" + mark.ROOT)
        if link or settled or (names and mark.FOLDER not in names):
            told = "%s is there already, and no install has made it" % self.root
            raise Trouble(INSTALL, told, "remove it, or name another root")

    def _sweep(self) -> None:
        """What others were killed over while they filled or removed it, and what nobody needs."""
        for name in self._names(TMP) + self._names(OFF):
            self._taken_away(self._above + "/" + name)

    def _taken_away(self, path: str) -> None:
        """Unless somebody is at it."""
        try:
            handle = os.open(path, _FOLDER)
        except PermissionError:
            self._remove(path)  # its owner has shut it, so it is not being filled
            return
        except OSError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._remove(path)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)

    def _remove(self, path: str) -> None:
        with Folder.open(self._above) as above:
            above.remove(path.rpartition("/")[2])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The file goes with it: who comes later may be another user, whom all here belongs to."""
        name, does = self._lead(LOCK), "replaces " + self.root
        with Lock(self._above, name, self._report, does=does) as lock:
            try:
                yield
            finally:
                os.unlink(lock.path)


def _is(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False
