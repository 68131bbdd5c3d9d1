"""Units of kind mount: a folder seen at a second place (bind), or one in memory (tmpfs).

    {"at": PATH, "type": "tmpfs", "size": BYTES, "mode": 0o755}
    {"at": PATH, "type": "bind", "from": PATH, "options": ["ro"]}

A path may be one in the root of another unit (see `core.rootpath`).

Both are nosuid and nodev unless the options say suid, dev (which only a ceiling of root allows).
"""

from __future__ import annotations

import os
import time

from enve_pm.core import rootpath
from enve_pm.maker import trusted
from enve_pm.maker.place import Trouble
from enve_pm.maker.shown import FLAGS, Bound, Memory
from enve_pm.maker.stack import take
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place
    from enve_pm.shell.process.mountinfo import Mount

HARD = {"nosuid": "suid", "nodev": "dev"}  # in force unless the options say the other word


class MountUnit:
    """`at`: where it is seen."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._body = place.body
        self.at = place.path(place.body["at"])
        tmpfs = self._body["type"] == "tmpfs"
        self._shown: Memory | Bound = Memory(place) if tmpfs else Bound(place)

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        try:
            target = self._place.open(self.at)
        except FileNotFoundError:
            return "there is no %s" % self.at
        try:
            self._shown.open()
            found = mountinfo.on(trusted.real(target), mountinfo.read())
            return self._differs(target, found)
        finally:
            self._shown.close()
            os.close(target)

    def make(self) -> None:
        """Mount it; what is left of an earlier one is unmounted first. Raises Trouble, UnknownUser,
        OSError."""
        self.undo()
        self._judge()
        _ = self._place.rights  # whom it is for has to exist
        self._shown.open()
        target = -1
        try:
            target = self._place.ground(self.at, self._shown.is_file)
            flags = sum(FLAGS[option] for option in self._options())
            self._shown.put(target, flags, lambda: self._place.open(self.at))
        finally:
            self._shown.close()
            if target >= 0:
                os.close(target)

    def _judge(self) -> None:
        """Raises Trouble where a root would lose what it has itself."""
        if rootpath.split(self.at)[0]:
            root, inner = self._place.root(self.at)
            if root.holds(inner):
                raise Trouble("at: every root has something of its own at %s" % inner)

    def undo(self) -> None:
        """Unmount it, as soon as nobody uses it. A mount of somebody else's is left alone."""
        end = time.monotonic() + self._place.patience
        at = self._own()
        while at:
            take(self._place, at, end)
            at = self._own()
        self._place.tidy(self.at)

    def _own(self) -> str:
        """Where our mount stands; empty when it does not. Raises Trouble where it is covered."""
        mounts = mountinfo.read()
        if not any(self._shown.owns(mount, None) for mount in mounts):
            return ""  # whatever has become of the way there
        try:
            target = self._place.open(self.at)
        except FileNotFoundError:
            return ""
        try:
            at, seen = trusted.real(target), os.fstat(target)
        finally:
            os.close(target)
        here = mountinfo.at(at, mounts)
        if here and self._shown.owns(here[-1], seen):
            return at
        if any(self._shown.owns(covered, None) for covered in here[:-1]):
            raise Trouble("something else is mounted over %s" % self.at)
        return ""

    # -- what it should be ------------------------------------------------------------------------
    def _options(self) -> frozenset[str]:
        asked = set(self._body.get("options", ()))
        implied = {no for no, yes in HARD.items() if yes not in asked}
        return frozenset(asked & FLAGS.keys() | implied | self._shown.inherited)

    def _differs(self, target: int, found: Mount | None) -> str:
        if found is None:
            return "nothing is mounted at %s" % self.at
        if not self._shown.is_at(os.fstat(target), found):
            return "something else is mounted at %s" % self.at
        wrong = self._options() ^ (found.options & FLAGS.keys())
        if wrong:
            return "mounted with %s" % ",".join(sorted(found.options))
        return self._size_differs(target)

    def _size_differs(self, target: int) -> str:
        size = self._body.get("size", 0)
        if self._body["type"] != "tmpfs" or not size:
            return ""
        state = os.statvfs(trusted.name(target))
        pages = -(-size // state.f_frsize)
        return "" if state.f_blocks == pages else "of %d bytes" % (state.f_blocks * state.f_frsize)
