"""pm without an init of its own: started now in its own session, and by cron after a reboot."""

from __future__ import annotations

import os

from enve_pm.hostinit.nobody import Nobody
from enve_pm.hostinit.problem import Problem, output, tool

LONGEST = 1 << 20  # bytes of a crontab that we dare to change
MARK = "# enve-pm"


class Cron(Nobody):
    """The `@reboot` entry of one pm in our user's crontab."""

    kind = "cron"

    @property
    def line(self) -> str:
        """The entry; a `%` would end the command for cron."""
        return "@reboot %s %s" % (self.kept.sh(*self.kept.loop).replace("%", "\\%"), MARK)

    def text(self) -> str:
        return self.line + "\n"

    def there(self) -> bool:
        known = rows() or []
        return self._others(known) != known

    def usable(self) -> bool:
        """There is a crontab for us (the program may be there and say no)."""
        return rows() is not None

    def register(self, force: bool = False) -> bool:
        known = rows()
        if known is None:
            raise Problem("crontab can't be read", "deploy with `register: none`")
        if self.line in known:
            return False
        self._write([*self._others(known), self.line])
        return True

    def remove(self) -> bool:
        """Only the entry: what runs is not cron's."""
        if not self.there():
            return False
        self._write(self._others(rows() or []))
        return True

    def _others(self, known: list[str]) -> list[str]:
        """The entries that are not of this pm."""
        ours = "@reboot %s " % self.kept.sh().replace("%", "\\%")
        return [row for row in known if not (row.startswith(ours) and row.endswith(MARK))]

    def _write(self, entries: list[str]) -> None:
        """Put the whole crontab; an empty one goes altogether."""
        text = "".join(entry + "\n" for entry in entries)
        status, said = tool(["crontab", "-" if entries else "-r"], os.fsencode(text))
        if status:
            raise Problem("crontab failed (%d): %s" % (status, said))


def rows() -> list[str] | None:
    """Our user's crontab, whose lines are others' too: so each as it is, byte by byte. None where
    we have none to write to."""
    status, told, said = output(["crontab", "-l"])
    if status == 0:
        entries = os.fsdecode(told).split("\n")
        return entries[: None if entries[-1] else -1] if len(told) < LONGEST else None
    return [] if status == 1 and b"no crontab" in (told + said).lower() else None


def registered() -> bool:
    """Whether there is an entry of any pm."""
    return any(row.endswith(MARK) for row in rows() or ())
