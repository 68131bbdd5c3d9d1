"""Units of kind mount: a folder seen at a second place (bind), or one in memory (tmpfs).

    {"at": PATH, "type": "tmpfs", "size": BYTES, "mode": 0o755}
    {"at": PATH, "type": "bind", "from": PATH, "options": ["ro"]}

Both are nosuid and nodev unless the options say suid, dev (which only a ceiling of root allows).
"""

from __future__ import annotations

import os
import time

from enve_pm.maker import libc, trusted
from enve_pm.maker.place import Trouble
from enve_pm.maker.stack import take
from enve_pm.shell import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place
    from enve_pm.shell.mountinfo import Mount

FLAGS = {"ro": libc.RDONLY, "nosuid": libc.NOSUID, "nodev": libc.NODEV, "noexec": libc.NOEXEC}
BLANKS = str.maketrans({" ": "_", "\t": "_", "\n": "_"})


class MountUnit:
    """`at`: where it is seen."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._body = place.body
        self.at = place.path(place.body["at"])
        self._source = "pm:" + place.unit.translate(BLANKS)  # of a tmpfs: whose it is

    def check(self) -> str:
        """Why it is not there as it should be; empty when it is."""
        try:
            target = self._place.open(self.at)
        except FileNotFoundError:
            return "there is no %s" % self.at
        try:
            found = mountinfo.on(trusted.real(target), mountinfo.read())
            return self._differs(target, found)
        finally:
            os.close(target)

    def make(self) -> None:
        """Mount it; what is left of an earlier one is unmounted first."""
        self.undo()
        target = self._place.open(self.at, make=True)
        try:
            if self._body["type"] == "tmpfs":
                self._tmpfs(target)
            else:
                self._bind(target)
        finally:
            os.close(target)

    def undo(self) -> None:
        """Unmount it, as soon as nobody uses it. A mount of somebody else's is left alone."""
        end = time.monotonic() + self._place.patience
        while True:
            try:
                target = self._place.open(self.at)
            except FileNotFoundError:
                return
            try:
                found = mountinfo.on(trusted.real(target), mountinfo.read())
                ours = found is not None and self._ours(os.fstat(target), found)
            finally:
                os.close(target)
            if found is None or not ours:
                return
            take(self._place, found.at, end)

    # -- what it should be ------------------------------------------------------------------------
    def _options(self) -> frozenset[str]:
        asked = set(self._body.get("options", ()))
        hard = {"nosuid": "suid", "nodev": "dev"}
        implied = {no for no, yes in hard.items() if yes not in asked}
        return frozenset(asked & FLAGS.keys() | implied | self._inherited())

    def _inherited(self) -> frozenset[str]:
        """What the mount says that the source lies in: no second place takes that away."""
        if self._body["type"] == "tmpfs":
            return frozenset()
        try:
            source = self._place.open(self._place.path(self._body["from"]))
        except FileNotFoundError:
            return frozenset()
        try:
            found = mountinfo.around(source, mountinfo.read())
            return frozenset() if found is None else found.options & FLAGS.keys()
        finally:
            os.close(source)

    def _ours(self, seen: os.stat_result, found: Mount) -> bool:
        if self._body["type"] == "tmpfs":
            return bool(found.kind == "tmpfs" and found.source == self._source)
        try:
            source = self._place.open(self._place.path(self._body["from"]))
        except FileNotFoundError:
            return True  # what it showed is gone; nobody else mounts here
        try:
            return os.path.samestat(os.fstat(source), seen)
        finally:
            os.close(source)

    def _differs(self, target: int, found: Mount | None) -> str:
        if found is None:
            return "nothing is mounted at %s" % self.at
        if not self._ours(os.fstat(target), found):
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

    # -- how it comes -----------------------------------------------------------------------------
    def _flags(self) -> int:
        return sum(FLAGS[option] for option in self._options())

    def _tmpfs(self, target: int) -> None:
        rights, body = self._place.rights, self._body
        data = "mode=%o,uid=%d,gid=%d" % (body.get("mode", 0o755), rights.uid, rights.gid)
        if body.get("size"):
            data += ",size=%d" % body["size"]
        libc.mount(self._source, trusted.name(target), "tmpfs", self._flags(), data)

    def _bind(self, target: int) -> None:
        path = self._place.path(self._body["from"])
        try:
            source = self._place.open(path)
        except FileNotFoundError:
            raise Trouble("from: there is no %s" % path) from None
        try:
            libc.mount(trusted.name(source), trusted.name(target), "", libc.BIND)
        finally:
            os.close(source)
        at = self._place.open(self.at)  # what lies on top now
        try:
            flags = libc.BIND | libc.REMOUNT | self._flags()
            libc.mount("", trusted.name(at), "", flags)
        finally:
            os.close(at)
