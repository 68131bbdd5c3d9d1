"""A stack of layers at one place: mounted from the bottom up, taken away from the top down."""

from __future__ import annotations

import errno
import os
import time

from enve_pm.maker import attach, layer, libc, trusted
from enve_pm.maker.place import Trouble
from enve_pm.maker.users import users
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.layer import Layer
    from enve_pm.maker.place import Place
    from enve_pm.shell.process.mountinfo import Mount

PAUSE = 0.1  # seconds between two tries to unmount what is in use


class Stack:
    """`at`: an absolute path; the first layer is mounted there, the others below it."""

    def __init__(self, place: Place, at: str, layers: list[Layer]) -> None:
        self._place = place
        self._layers = layers
        self.at = at

    def check(self) -> str:
        """Why it does not stand as it should; empty when it does."""
        try:
            root = self._real()
        except FileNotFoundError:
            return "there is no %s" % self.at
        mounts = mountinfo.read()
        for one in self._layers:
            path = _join(root, one.at)
            why = layer.differs(one, mountinfo.on(path, mounts), path)
            if why:
                return why
        return ""

    def make(self) -> None:
        """Raises Trouble, OSError; then what was mounted by then is taken away again."""
        self.undo()
        try:
            for one in self._layers:
                layer.put(lambda: self._place.open(self.at, make=True), one)
        except BaseException:
            self.undo()
            raise

    def pass_on(self, kind: int) -> None:
        """See `attach.pass_on`."""
        handle = self._place.open(self.at)
        try:
            attach.pass_on(handle, kind)
        finally:
            os.close(handle)

    def undo(self) -> None:
        """Take away what is ours, and not from those who still stand in it. What somebody else has
        mounted in it keeps it there."""
        end = time.monotonic() + self._place.patience
        while True:
            mounts = mountinfo.read()
            if not any(layer.owns(self._layers[0], one) for one in mounts):
                return  # whatever has become of the way there
            try:
                root = self._real()
            except FileNotFoundError:
                return
            mounts = self._inside(root, mounts)
            if not mounts:
                return
            others = layer.strays([_join(root, one.at) for one in self._layers], mounts)
            if others:
                raise Trouble("%s is mounted in it" % others[0])
            self.pass_on(libc.PRIVATE)
            take(self._place, mounts[0].at, end)

    def _inside(self, root: str, mounts: list[Mount]) -> list[Mount]:
        """Our first layer, and what is mounted in it, the innermost first; what others have mounted
        there before lies below."""
        here = mountinfo.at(root, mounts)
        mine = [layer.owns(self._layers[0], one) for one in here]
        if not any(mine):
            return []
        if not mine[-1]:
            raise Trouble("something else is mounted over %s" % root)
        return mountinfo.below(root, mounts[mounts.index(here[-1]) :])

    def _real(self) -> str:
        handle = self._place.open(self.at)
        try:
            return trusted.real(handle)
        finally:
            os.close(handle)


def take(place: Place, path: str, end: float) -> None:
    """Unmount what lies on top at this path, or rest a moment where it is in use; after `end`
    (monotonic) that is Trouble. We stand in the folder around it: to hold the mount itself would
    keep it busy."""
    above, _, name = path.rpartition("/")
    parent = place.open(above or "/")
    try:
        os.fchdir(parent)
        libc.unmount(name, libc.NOFOLLOW)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        if time.monotonic() > end:
            raise Trouble("%s is in use%s" % (path, users(path))) from None
        time.sleep(PAUSE)
    finally:
        os.chdir("/")
        os.close(parent)


def _join(root: str, at: str) -> str:
    return root.rstrip("/") + "/" + at if at else root
