"""pm under busybox's init: lines of /etc/inittab, below one by which we know them. That init has no
other memory, so a pm that is stopped stays so over a reboot: the line that starts it is a comment
then. At its own end the init gives all a second: so another line has it wait for pm before that."""

from __future__ import annotations

import os
import signal
import stat
from itertools import takewhile

from enve_pm.hostinit import files
from enve_pm.hostinit.first import is_busybox
from enve_pm.hostinit.keeper import MARK, STOP, Keeper, must
from enve_pm.hostinit.kept import END
from enve_pm.hostinit.problem import Problem

TABLE = "/etc/inittab"
LONGEST = 1 << 20  # bytes of a table that we dare to change
STOPPED = "#"
RESPAWN = "::respawn:"
SHUTDOWN = "::shutdown:"


class Busybox(Keeper):
    """Three lines of /etc/inittab."""

    kind = "busybox"

    @property
    def head(self) -> str:
        return "%s %s" % (MARK, self.kept.name)

    @property
    def lines(self) -> list[str]:
        """What starts and what ends it. Raises Problem for what would be a comment there."""
        start, end = self.kept.su(*self.kept.run), self.kept.su(*END)
        if "#" in start:
            raise Problem("pm's home has a # in its name, which %s can't hold" % TABLE, "move it")
        return [RESPAWN + start, SHUTDOWN + end]

    def text(self) -> str:
        return "".join(row + "\n" for row in (self.head, *self.lines))

    def there(self) -> bool:
        return os.fsencode(self.head) in files.read(TABLE, LONGEST).splitlines()

    def usable(self) -> bool:
        return os.geteuid() == 0 and os.path.isfile(TABLE) and is_busybox()

    def register(self, force: bool = False) -> bool:
        return self._put([self.head, *self.lines])

    def start(self) -> None:
        if self.there():
            self._put([self.head, *self.lines])
        tell()

    def stop(self) -> None:
        if self.there():
            start, end = self.lines
            self._put([self.head, STOPPED + start, end])
        tell()
        self._end()

    def remove(self) -> bool:
        """Some builds of the init end what is gone from the table, others let it run."""
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
        end = at + 1 + sum(1 for _ in takewhile(self._is_ours, known[at + 1 : at + 3]))
        new = [*known[:at], *ours, *known[end:]]
        if new == known:
            return False
        mode = stat.S_IMODE(os.lstat(TABLE).st_mode)
        return files.put(TABLE, os.fsencode("".join(row + "\n" for row in new)), mode)

    def _is_ours(self, row: str) -> bool:
        """Whether what follows our mark is still ours: whatever options pm has there."""
        start, end = (self.kept.su(word).rstrip("'") for word in ("run", "host"))
        return row.lstrip(STOPPED).startswith((RESPAWN + start, SHUTDOWN + end))


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
    """The init reads its table again, and starts what is new there. Whatever else is process 1
    might end by that word."""
    if is_busybox():
        os.kill(1, signal.SIGHUP)
