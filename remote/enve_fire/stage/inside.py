"""Inside the root that a product runs in: where commands of its stages see what it will see."""

from __future__ import annotations

import os

from enve_fire.core.settle import settling, shape
from enve_fire.core.trouble import SETTLE, Trouble
from enve_pm.core.lean import namedtuple
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tempfile import TemporaryDirectory
    from typing import Any, Mapping, Sequence

    from enve_fire.stage.walls.supervisor import Started

NETWORKS = "/run/netns/"
TMP = "/tmp"  # noqa: S108  (one that is mounted for this root alone)


class Inside(namedtuple("Inside", "root netns", defaults=("",))):
    """`root`: the folder to chroot into · `netns`: the name of its network, "": the machine's."""

    __slots__ = ()

    if TYPE_CHECKING:
        root: str
        netns: str

    def check(self) -> None:
        """Raises Trouble where it is not there: the folder that it stands on is none."""
        if mountinfo.on(os.path.realpath(self.root), mountinfo.read()) is None:
            told = "%s: nothing is mounted there: the root is not laid" % self.root
            raise Trouble(SETTLE, told, "`settle` comes before all that is done in it")

    def seen(self, path: str) -> str:
        """How a path below its root is called in there."""
        return path[len(self.root) :]

    def scratch(self) -> TemporaryDirectory[str]:
        """A folder in its own /tmp, by its path out here; gone when the block ends."""
        import tempfile

        return tempfile.TemporaryDirectory(prefix="enve-", dir=self.root + TMP)

    # -- as `sandbox.Sandbox` ----------------------------------------------------------------------
    def prepare(self) -> None:
        """Nothing has to be loaded first."""

    def enter(self, argv: Sequence[str], env: Mapping[str, str]) -> Started:
        """In the process that becomes the command; what that has to execute. Raises OSError."""
        from enve_pm.enter import kernel
        from enve_pm.maker import trusted

        if self.netns:
            handle = os.open(NETWORKS + self.netns, os.O_RDONLY | os.O_CLOEXEC)
            kernel.join(handle, kernel.NEWNET)
        os.fchdir(trusted.open_path(self.root))
        os.chroot(".")
        return argv, env


def of(table: Mapping[str, Any], spot: str, spots: str) -> Inside | None:
    """Of a profile's `settle`; None where it runs in the machine's own root."""
    section = table.get("settle")
    if not section or section.get("isolate") == shape.NONE:
        return None
    netns = section.get("network", {}).get("netns", "")
    return Inside(settling.at(section, spot, spots), netns)
