"""A place of its own is replaced as a whole: what comes is filled beside it, then renamed.

    .NAME.tmp.RANDOM    for who fills `tree` in it, who locks it; nobody else may enter
    .NAME.old.RANDOM    what was replaced, for a moment
    .NAME.off.RANDOM    being removed; locked likewise
    .NAME.lock          held for the renames

Whoever is killed at any step leaves NAME as it was, or as it is to be, or (between two renames) as
.NAME.old, from which the next one takes it back.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from enve_fire.core import mark
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage.install.beside import LOCK, OFF, OLD, Beside
from enve_fire.store.lock import Lock
from enve_fire.tree import ground
from enve_fire.tree.pace import quiet
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, ContextManager, Iterator

    from enve_fire.tree.pace import Report

TREE = "tree"


class Whole:
    """root: the absolute path of a folder, in one that is made where it is missing, and that nobody
    else may write in or could have led us to. Everything raises Trouble, OSError."""

    def __init__(self, root: str, report: Report = quiet) -> None:
        above, _, self._name = root.rpartition("/")
        with ground.opened(above or "/", INSTALL, alone=True):
            self._above = os.path.realpath(above or "/")
        self.root = "%s/%s" % (self._above, self._name)
        self._beside = Beside(self._above, self._name)
        self._report = report

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The path of an empty folder, to be filled and then handed to `put`; what is still there
        afterwards goes."""
        self._beside.sweep()
        path, handle = self._beside.begin()
        tree = path + "/" + TREE
        try:
            os.mkdir(tree, 0o700)
            yield tree
        finally:
            self._beside.remove(path)
            os.close(handle)

    def put(self, path: str, done: Callable[[], bool], around: ContextManager[None]) -> None:
        """What was filled becomes the root; what was there is aside. `done`: whether somebody else
        has been faster, and all stays as it is. `around`: that, for one at a time."""
        with self._locked():
            self._back()
            if done():
                return
            self._check()
            aside = self._beside.new(OLD)
            with around:
                if os.path.lexists(self.root):
                    os.rename(self.root, aside)
                os.rename(path, self.root)
                sync_folder(self._above)

    def forget(self) -> None:
        """Remove what was replaced, and what somebody was killed over."""
        with self._locked():
            self._back()
            old = self._beside.paths(OLD)
            for path in old:
                os.rename(path, self._beside.new(OFF))
            if old:
                sync_folder(self._above)
        self._beside.sweep()  # that takes its time, and nobody waits for it

    def discard(self) -> None:
        """Remove the root, which counts as none from the first moment."""
        os.rename(self.root, self._beside.new(OFF))
        sync_folder(self._above)
        self._beside.sweep()

    # -- inside -----------------------------------------------------------------------------------
    def _back(self) -> None:
        """Where there is no root but one that was put aside, that one is it."""
        found = self._beside.newest()
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

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The file goes with it: who comes later may be another user, whom all here belongs to."""
        name, does = self._beside.lead(LOCK), "replaces " + self.root
        with Lock(self._above, name, self._report, does=does) as lock:
            try:
                yield
            finally:
                os.unlink(lock.path)
