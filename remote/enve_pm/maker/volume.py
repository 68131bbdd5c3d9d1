"""Units of kind volume: a folder for data, where it can be a subvolume of btrfs with a quota.

    {"path": PATH, "mode": 0o755, "subvolume": "auto"|"yes"|"no", "quota": BYTES, "ephemeral": bool}

Data is never removed, unless the volume is ephemeral: then it goes when the unit stops.
"""

from __future__ import annotations

import os
import stat

from enve_pm.maker import btrfs, trusted
from enve_pm.maker.place import Trouble
from enve_pm.shell.process.rights import UnknownUser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place


UNCOUNTED = "holds subvolumes, which no quota of its own counts: remove them"


class VolumeUnit:
    """A folder of the unit's user."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._body = place.body
        self.path = place.path(place.body["path"])
        self._mode = place.body.get("mode", 0o755)
        self._quota = place.body.get("quota", 0)

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        try:
            folder = self._place.open(self.path)
        except FileNotFoundError:
            return "there is no %s" % self.path
        try:
            return self._differs(folder)
        finally:
            os.close(folder)

    def make(self) -> None:
        """Make it, or put owner, mode and quota of what stands there right."""
        parent, name = self._place.around(self.path, make=True)
        try:
            trusted.judge(parent, self.path)
            if not _exists(parent, name):
                self._create(parent, name)
        finally:
            os.close(parent)
        folder = self._place.open(self.path)
        try:
            self._settle(folder)
        finally:
            os.close(folder)

    def undo(self) -> None:
        """Only an ephemeral one goes, with all that is in it. Where others could bend the way none
        was made, or root has given it away since; likewise where its user does not exist."""
        try:
            if self._body.get("ephemeral"):
                self._undo()
        except (trusted.Bent, UnknownUser) as why:
            print("%s is left: %s" % (self.path, getattr(why, "strerror", why)), flush=True)

    def _undo(self) -> None:
        try:
            parent, name = self._place.around(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            if _exists(parent, name):
                trusted.judge(parent, self.path)
                if self._is_own(parent, name):
                    _remove(parent, name)
        finally:
            os.close(parent)

    def _is_own(self, parent: int, name: str) -> bool:
        """What was never given to the unit's user is another's, with all that is in it."""
        folder = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            state = os.fstat(folder)
            own = state.st_uid == self._place.rights.uid
            return own or self._is_fresh(trusted.name(folder), state)
        finally:
            os.close(folder)

    def _differs(self, folder: int) -> str:
        state, rights = os.fstat(folder), self._place.rights
        if not stat.S_ISDIR(state.st_mode):
            return "%s is no folder" % self.path
        if (state.st_uid, state.st_gid) != (rights.uid, rights.gid):
            return "%s belongs to %d:%d" % (self.path, state.st_uid, state.st_gid)
        if stat.S_IMODE(state.st_mode) != self._mode:
            return "%s has mode %o" % (self.path, stat.S_IMODE(state.st_mode))
        if self._quota and btrfs.quota(folder) != self._quota:
            return "%s has another quota" % self.path
        if self._quota and btrfs.holds_others(folder):
            return "%s %s" % (self.path, UNCOUNTED)
        return ""

    def _create(self, parent: int, name: str) -> None:
        wanted = self._body.get("subvolume", "auto")
        can = btrfs.can(parent)
        if wanted == "yes" and not can:
            raise Trouble("subvolume: %s does not lie on btrfs (with its tools)" % self.path)
        if can and wanted != "no":
            btrfs.create(trusted.real(parent) + "/" + name)
        else:
            os.mkdir(name, 0o700, dir_fd=parent)

    def _settle(self, folder: int) -> None:
        path, rights, state = trusted.name(folder), self._place.rights, os.fstat(folder)
        if not stat.S_ISDIR(state.st_mode):
            raise Trouble("path: %s is no folder" % self.path)
        if state.st_uid != rights.uid and not self._is_fresh(path, state):
            raise Trouble("%s belongs to %d: it is not given away" % (self.path, state.st_uid))
        if self._quota:
            self._limit(folder)
        if (state.st_uid, state.st_gid) != (rights.uid, rights.gid):
            os.chown(path, rights.uid, rights.gid)
        os.chmod(path, self._mode)

    @staticmethod
    def _is_fresh(path: str, state: os.stat_result) -> bool:
        """One that we made a moment ago, perhaps before we were cut off."""
        ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
        return ours and not os.listdir(path)

    def _limit(self, folder: int) -> None:
        if not btrfs.is_subvolume(folder):
            told = "quota: %s is no subvolume of btrfs, which alone can hold to one"
            raise Trouble(told % trusted.real(folder))
        if btrfs.holds_others(folder):
            raise Trouble("%s %s" % (self.path, UNCOUNTED))
        btrfs.limit(folder, self._quota)


def _exists(parent: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(parent: int, name: str) -> None:
    from enve_pm.shell.state.folder import Folder

    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with Folder(os.open(trusted.name(parent), flags)) as above:
        above.remove(name)
