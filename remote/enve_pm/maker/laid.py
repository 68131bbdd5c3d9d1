"""Which bind, or which network namespace, is a unit's own. Binds bear no name of ours, and what one
shows may be seen there by somebody else's mount too; the name that a namespace bears can be changed
by who has rights in it. So the number is kept in HOME/units/NAME/mounted before others see them.
"""

from __future__ import annotations

import os

from enve_pm.core.filename import quote
from enve_pm.shell.process import mountinfo
from enve_pm.shell.state.files import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.maker.place import Place
    from enve_pm.shell.process.mountinfo import Mount

BOOT = "/proc/sys/kernel/random/boot_id"


class Laid:
    """`BOOT NUMBER DEVICE INODE`: of the mount (`net`: a namespace), and of what it shows, as
    numbers come again."""

    def __init__(self, place: Place) -> None:
        self._files = Files()
        self._path = "%s/units/%s/mounted" % (place.home, quote(place.unit))

    def note(self, mount: int) -> None:
        """Keep that this mount, an open folder or file, is the unit's. Raises OSError."""
        self._keep(self._row(mountinfo.number_of(mount), os.fstat(mount)))

    def note_network(self, namespace: os.stat_result) -> None:
        """Keep that this is the unit's. Raises OSError."""
        self._keep(self._row("net", namespace))

    def knows_network(self, namespace: os.stat_result) -> bool:
        """Whether it is the one that was kept."""
        return self._kept() == self._row("net", namespace)

    def _keep(self, row: bytes) -> None:
        os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
        self._files.replace(self._path, row)

    def knows(self, found: Mount, seen: os.stat_result | None) -> bool:
        """Whether it is the one that was kept. `seen`: what stands there, None where that is
        covered."""
        kept, row = self._kept(), self._row(found.number, seen)
        return kept == row if seen else kept.startswith(row)

    def _kept(self) -> bytes:
        try:
            return self._files.read_regular(self._path)
        except FileNotFoundError:
            return b""

    def _row(self, number: str, shown: os.stat_result | None) -> bytes:
        boot = self._files.read(BOOT).strip()
        what = b"%d %d\n" % (shown.st_dev, shown.st_ino) if shown else b""
        return b"%s %s %s" % (boot, number.encode(), what)
