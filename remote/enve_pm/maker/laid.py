"""Which bind is a unit's own. Binds bear no name of ours, and what one shows may be seen there by
somebody else's mount too: so its number is kept in HOME/units/NAME/mounted before it is seen.
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
    """`BOOT NUMBER DEVICE INODE`: of the mount, and of what it shows, as numbers come again."""

    def __init__(self, place: Place) -> None:
        self._files = Files()
        self._path = "%s/units/%s/mounted" % (place.home, quote(place.unit))

    def note(self, mount: int) -> None:
        """Keep that this mount, an open folder or file, is the unit's. Raises OSError."""
        row = self._row(mountinfo.number_of(mount), os.fstat(mount))
        os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
        self._files.replace(self._path, row)

    def knows(self, found: Mount, seen: os.stat_result | None) -> bool:
        """Whether it is the one that was kept. `seen`: what stands there, None where that is
        covered."""
        try:
            kept = self._files.read_regular(self._path)
        except FileNotFoundError:
            return False
        row = self._row(found.number, seen)
        return kept == row if seen else kept.startswith(row)

    def _row(self, number: str, shown: os.stat_result | None) -> bytes:
        boot = self._files.read(BOOT).strip()
        what = b"%d %d\n" % (shown.st_dev, shown.st_ino) if shown else b""
        return b"%s %s %s" % (boot, number.encode(), what)
