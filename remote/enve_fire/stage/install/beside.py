"""Folders beside a place of its own, on their way to it or from it: whoever is at one holds its
lock, so what somebody was killed over can be told from what is being filled."""

from __future__ import annotations

import fcntl
import os

from enve_fire.store.lock import is_at
from enve_fire.tree.walk import FOLDER
from enve_pm.shell.state.folder import Folder

TMP, OLD, OFF, LOCK = ".tmp.", ".old.", ".off.", ".lock"


class Beside:
    """`above`: the real path of the folder that the place lies in; `name`: of the place. Everything
    raises OSError."""

    def __init__(self, above: str, name: str) -> None:
        self._above = above
        self._name = name

    def lead(self, kind: str) -> str:
        """With a dot: what is beside a place is none, for whoever looks for places."""
        return "." + self._name + kind

    def new(self, kind: str) -> str:
        """A path that nobody has."""
        return "%s/%s%s" % (self._above, self.lead(kind), os.urandom(6).hex())

    def paths(self, kind: str) -> list[str]:
        """Those that are there."""
        lead, names = self.lead(kind), sorted(os.listdir(self._above))
        return ["%s/%s" % (self._above, name) for name in names if name.startswith(lead)]

    def newest(self) -> str:
        """What was put aside last: a rename changes its status. "" for none."""
        return max(self.paths(OLD), key=lambda path: os.lstat(path).st_ctime_ns, default="")

    def begin(self) -> tuple[str, int]:
        """A new folder, and what locks it until that is closed."""
        while True:
            path = self.new(TMP)
            os.mkdir(path, 0o700)
            try:
                handle = os.open(path, FOLDER)
            except FileNotFoundError:
                continue  # taken for a rest, before it was locked
            fcntl.flock(handle, fcntl.LOCK_EX)
            if is_at(handle, path):
                return path, handle
            os.close(handle)

    def sweep(self) -> None:
        """What others were killed over while they filled or removed it, and what nobody needs."""
        for path in self.paths(TMP) + self.paths(OFF):
            self._taken_away(path)

    def remove(self, path: str) -> None:
        with Folder.open(self._above) as above:
            above.remove(path.rpartition("/")[2])

    def _taken_away(self, path: str) -> None:
        """Unless somebody is at it."""
        try:
            handle = os.open(path, FOLDER)
        except PermissionError:
            self.remove(path)  # its owner has shut it, so it is not being filled
            return
        except OSError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.remove(path)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
