"""What a mount shows: a folder in memory, or one that is opened once and then stays the same."""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext

from enve_pm.core import rootpath
from enve_pm.maker import attach, libc, trusted
from enve_pm.maker.laid import Laid
from enve_pm.maker.place import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.maker.place import Place
    from enve_pm.shell.process.mountinfo import Mount

FLAGS = {"ro": libc.RDONLY, "nosuid": libc.NOSUID, "nodev": libc.NODEV, "noexec": libc.NOEXEC}
NONE: frozenset[str] = frozenset()
BLANKS = str.maketrans({" ": "_", "\t": "_", "\n": "_"})


class Memory:
    """A tmpfs of the unit's user. `inherited`: options that it cannot do without."""

    inherited = NONE
    is_file = False

    def __init__(self, place: Place) -> None:
        self._place = place
        self._body: Any = place.body
        self._source = "pm:" + place.spot.translate(BLANKS)  # whose it is

    def open(self) -> None:
        """There is nothing to hold."""

    def is_at(self, seen: os.stat_result, found: Mount) -> bool:
        """Whether this is what one sees there."""
        return self.owns(found, seen)

    def owns(self, found: Mount, seen: os.stat_result | None) -> bool:
        """Whether we mounted it. `seen`: what stands there, None where that is covered."""
        return bool(found.kind == "tmpfs" and found.source == self._source)

    def put(self, target: int, flags: int, top: Callable[[], int]) -> None:
        """Mount it at an open folder. `top` opens what lies on top there. Raises OSError."""
        rights, body = self._place.rights, self._body
        data = "mode=%o,uid=%d,gid=%d" % (body.get("mode", 0o755), rights.uid, rights.gid)
        if body.get("size"):
            data += ",size=%d" % body["size"]
        libc.mount(self._source, trusted.name(target), "tmpfs", flags, data)

    def close(self) -> None:
        """Nothing is held."""


class Bound:
    """A folder or file that stands elsewhere."""

    def __init__(self, place: Place) -> None:
        self._path = place.path(place.body["from"])
        self._place = place
        # Nothing that is mounted in the one place comes into the other.
        self._alone = bool(rootpath.units(place.body))
        self._seen = place.seen(self._path)
        self._laid = Laid(place)
        self._handle = -1  # also while what it showed is gone
        self.inherited = NONE

    def open(self) -> None:
        """Hold what it shows, until `close`. Raises OSError."""
        try:
            self._handle = self._place.show(self._path)
        except FileNotFoundError:
            return
        self.inherited = self._options()

    @property
    def is_file(self) -> bool:
        """No folder, at least."""
        return self._handle >= 0 and not stat.S_ISDIR(os.fstat(self._handle).st_mode)

    def _options(self) -> frozenset[str]:
        """What the mount says that it lies in: no second place takes that away."""
        bits = os.statvfs(trusted.name(self._handle)).f_flag
        return frozenset(option for option, bit in FLAGS.items() if bits & bit)

    def is_at(self, seen: os.stat_result, found: Mount) -> bool:
        """Whether this is what one sees there; what shows nothing any more is, if we laid it."""
        if self._handle < 0:
            return self.owns(found, seen)
        return os.path.samestat(os.fstat(self._handle), seen)

    def owns(self, found: Mount, seen: os.stat_result | None) -> bool:
        """Whether we mounted it. `seen`: what stands there, None where that is covered."""
        return self._laid.knows(found, seen)

    def put(self, target: int, flags: int, top: Callable[[], int]) -> None:
        """Mount it at an open folder; `top` opens what lies on top there. Raises Trouble."""
        if self._handle < 0:
            raise Trouble("from: there is no %s" % self._path)
        with nullcontext() if self._seen is None else self._seen.inside():
            copied = attach.copy(self._handle)
        if copied >= 0 and attach.lay(copied, target, flags, self._alone, self._laid.note):
            return
        if self._seen is not None:
            raise Trouble("from: what a nested pm sees can be shown from Linux 5.12 on")
        libc.mount(trusted.name(self._handle), trusted.name(target), "", libc.BIND)
        at = top()
        try:
            self._laid.note(at)
            libc.mount("", trusted.name(at), "", libc.BIND | libc.REMOUNT | flags)
        except OSError:
            libc.unmount(trusted.name(at), libc.DETACH)  # one without flags, that we do not know
            raise
        finally:
            os.close(at)

    def close(self) -> None:
        """Let go of it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
