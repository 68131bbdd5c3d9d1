"""Units of kind mount: a folder seen at a second place (bind), or one in memory (tmpfs).

    {"at": PATH, "type": "tmpfs", "size": BYTES, "mode": 0o755}
    {"at": PATH, "type": "bind", "from": PATH, "options": ["ro"]}

Both are nosuid and nodev unless the options say suid, dev (which only a ceiling of root allows).
"""

from __future__ import annotations

import os
import time

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

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        try:
            target = self._place.open(self.at)
        except FileNotFoundError:
            return "there is no %s" % self.at
        shown = self._shown()
        try:
            found = mountinfo.on(trusted.real(target), mountinfo.read())
            return self._differs(target, found, shown)
        finally:
            shown.close()
            os.close(target)

    def make(self) -> None:
        """Mount it; what is left of an earlier one is unmounted first."""
        self.undo()
        target = self._place.open(self.at, make=True)
        shown = self._shown()
        try:
            flags = sum(FLAGS[option] for option in self._options(shown))
            shown.put(target, flags, lambda: self._place.open(self.at))
        finally:
            shown.close()
            os.close(target)

    def undo(self) -> None:
        """Unmount it, as soon as nobody uses it. A mount of somebody else's is left alone."""
        end = time.monotonic() + self._place.patience
        at = self._own()
        while at:
            take(self._place, at, end)
            at = self._own()

    def _own(self) -> str:
        """Where our mount stands; empty when it does not. Raises Trouble where it is covered."""
        try:
            target = self._place.open(self.at)
        except FileNotFoundError:
            return ""
        shown = self._shown()
        try:
            at = trusted.real(target)
            mounts = mountinfo.at(at, mountinfo.read())
            if mounts and shown.owns(mounts[-1], os.fstat(target)):
                return at
            if any(shown.owns(covered, None) for covered in mounts[:-1]):
                raise Trouble("something else is mounted over %s" % self.at)
            return ""
        finally:
            shown.close()
            os.close(target)

    def _shown(self) -> Memory | Bound:
        return Memory(self._place) if self._body["type"] == "tmpfs" else Bound(self._place)

    # -- what it should be ------------------------------------------------------------------------
    def _options(self, shown: Memory | Bound) -> frozenset[str]:
        asked = set(self._body.get("options", ()))
        implied = {no for no, yes in HARD.items() if yes not in asked}
        return frozenset(asked & FLAGS.keys() | implied | shown.inherited)

    def _differs(self, target: int, found: Mount | None, shown: Memory | Bound) -> str:
        if found is None:
            return "nothing is mounted at %s" % self.at
        if not shown.is_at(os.fstat(target), found):
            return "something else is mounted at %s" % self.at
        wrong = self._options(shown) ^ (found.options & FLAGS.keys())
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
