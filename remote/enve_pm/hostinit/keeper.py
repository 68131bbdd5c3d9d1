"""What brings pm back after a crash and a reboot: the shape that all of them have."""

from __future__ import annotations

import os
import stat

from enve_pm.hostinit import files
from enve_pm.hostinit.kept import as_root
from enve_pm.hostinit.problem import DEADLINE, Problem, tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.hostinit.kept import Kept

MARK = "# Put here by enve-deploy."  # the line by which we know our own files
STOP = 120  # seconds for pm to end: its units have deadlines of their own


class Keeper:
    """Keeps one pm. `path`: the file of its own that it puts down, "" where there is none."""

    kind = ""
    mode = 0o644
    tried = True  # on a host of that kind

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    @property
    def path(self) -> str:
        return ""

    def text(self) -> str:
        """What is put down."""
        raise NotImplementedError

    def there(self) -> bool:
        """Whether pm is registered with it."""
        raise NotImplementedError

    def usable(self) -> bool:
        """Whether this is what keeps programs on this node, and we may tell it to."""
        raise NotImplementedError

    def register(self, force: bool = False) -> bool:
        """Have pm started at every boot; True when something was changed. Starts nothing now.
        `force`: also over a file of somebody else's."""
        raise NotImplementedError

    def start(self) -> None:
        """Start pm now (nothing, when it runs)."""
        raise NotImplementedError

    def stop(self) -> None:
        """End pm; it comes back with the next boot."""
        raise NotImplementedError

    def remove(self) -> bool:
        """Stop pm and forget it; False when it was not registered."""
        raise NotImplementedError


class FileKeeper(Keeper):
    """One that goes by a file for each program. Its kinds say how to enable and disable it."""

    def there(self) -> bool:
        first = os.fsencode(self.text()).partition(b"\n")[0]  # two inits share a folder
        return is_ours(self.path) and files.read(self.path).startswith(first + b"\n")

    def register(self, force: bool = False) -> bool:
        if not force:
            self._spare()
        files.parents(self.path, 0o755)
        changed = files.put(self.path, os.fsencode(self.text()), self.mode)
        if not changed and self.enabled():
            return False
        self.enable()
        return True

    def _spare(self) -> None:
        """Raises Problem where a file of somebody else's stands."""
        if os.path.lexists(self.path) and not is_ours(self.path):
            ours = "%s host install" % self.kept.launcher
            over = as_root(self.kept.home, "install") if self.kept.login else ours
            raise Problem(
                "%s was not put there by us" % self.path,
                "look what it is and move it away; or go over it: %s --kind %s --force"
                % (over, self.kind.partition("-")[0]),
                refused=True,
            )

    def remove(self) -> bool:
        if not self.there():
            return False
        self.stop()
        self.disable()
        return True

    def enabled(self) -> bool:
        """Whether pm will be started at boot."""
        raise NotImplementedError

    def enable(self) -> None:
        raise NotImplementedError

    def disable(self) -> None:
        """Neither the file nor what refers to it is left."""
        raise NotImplementedError


def is_ours(path: str) -> bool:
    """Whether a file of ours stands there."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
    except OSError:
        return False
    return MARK.encode() in files.read(path).splitlines()


def must(*argv: str, deadline: float = DEADLINE, hint: str = "") -> str:
    """What one of the system's tools said. Raises Problem when it failed."""
    status, said = tool(argv, deadline=deadline)
    if status:
        raise Problem("%s failed (%d): %s" % (" ".join(argv), status, said), hint)
    return said
