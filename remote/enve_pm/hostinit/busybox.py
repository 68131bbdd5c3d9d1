"""pm under busybox's init: a line of /etc/inittab, below one by which we know it. That init has no
other memory, so a pm that is stopped stays so over a reboot: its line is a comment then."""

from __future__ import annotations

import os
import signal
import stat

from enve_pm.hostinit import files
from enve_pm.hostinit.first import is_busybox
from enve_pm.hostinit.keeper import MARK, STOP, Keeper, must
from enve_pm.hostinit.kept import END
from enve_pm.hostinit.problem import Problem

TABLE = "/etc/inittab"
LONGEST = 1 << 20  # bytes of a table that we dare to change
STOPPED = "#"
RESPAWN = "::respawn:"


class Busybox(Keeper):
    """Two lines of /etc/inittab."""

    kind = "busybox"

    @property
    def head(self) -> str:
        return "%s %s" % (MARK, self.kept.name)

    @property
    def line(self) -> str:
        """Raises Problem for what would be a comment there."""
        command = self.kept.su(*self.kept.run)
        if "#" in command:
            raise Problem("pm's home has a # in its name, which %s can't hold" % TABLE, "move it")
        return RESPAWN + command

    def text(self) -> str:
        return "%s\n%s\n" % (self.head, self.line)

    def there(self) -> bool:
        return os.fsencode(self.head) in files.read(TABLE, LONGEST).splitlines()

    def usable(self) -> bool:
        return os.geteuid() == 0 and os.path.isfile(TABLE) and is_busybox()

    def register(self, force: bool = False) -> bool:
        return self._put([self.head, self.line])

    def start(self) -> None:
        if self.there():
            self._put([self.head, self.line])
        tell()

    def stop(self) -> None:
        if self.there():
            self._put([self.head, STOPPED + self.line])
        tell()
        self._end()

    def remove(self) -> bool:
        """Only the lines where pm is ours: the init does not start it again, and ends nothing."""
        if not self._put([]):
            return False
        tell()
        if self.kept.login:
            self._end()
        return True

    def _end(self) -> None:
        must("/bin/sh", "-c", self.kept.su(*END), deadline=STOP + 30.0)

    def _put(self, ours: list[str]) -> bool:
        """Our lines in place of those that are there; False when nothing differs."""
        known = rows()
        at = known.index(self.head) if self.head in known else len(known)
        end = at + 2 if self._is_ours(known[at + 1 : at + 2]) else at + 1
        new = [*known[:at], *ours, *known[end:]]
        if new == known:
            return False
        mode = stat.S_IMODE(os.lstat(TABLE).st_mode)
        return files.put(TABLE, os.fsencode("".join(row + "\n" for row in new)), mode)

    def _is_ours(self, below: list[str]) -> bool:
        """Whether what follows our mark is still ours: whatever options pm has there."""
        stem = RESPAWN + self.kept.su("run").rstrip("'")
        return any(row.lstrip(STOPPED).startswith(stem) for row in below)


def rows() -> list[str]:
    """The lines of the table; none where there is no such file. Raises Problem."""
    if os.path.islink(TABLE):
        raise Problem("%s is a link" % TABLE, "put the file itself there")
    data = files.read(TABLE, LONGEST)
    if len(data) == LONGEST:
        raise Problem("%s is too long for a table of an init" % TABLE, "look what it is")
    return os.fsdecode(data).rstrip("\n").split("\n") if data else []


def registered() -> bool:
    """Whether there is a line of any pm."""
    return MARK.encode() in files.read(TABLE, LONGEST)


def tell() -> None:
    """The init reads its table again: it starts what is new there, and ends nothing."""
    os.kill(1, signal.SIGHUP)
