"""pm without an init of its own: started now in its own session, and by cron after a reboot."""

from __future__ import annotations

import shlex
from shutil import which

from enve_pm.hostinit.problem import Problem, tool

LONGEST = 1 << 20  # characters of a crontab that we dare to change
START = ("run", "--respawn", "--detach")


class Cron:
    """The `@reboot` entry of one HOME in our user's crontab."""

    kind = "cron"
    path = ""  # no file of ours

    def __init__(self, home: str) -> None:
        self.home = home

    @property
    def line(self) -> str:
        """The entry; a `%` would end the command for cron."""
        command = " ".join([shlex.quote(self.home + "/pm"), *START])
        return "@reboot %s # enve-pm" % command.replace("%", "\\%")

    def usable(self) -> bool:
        """Whether there is a crontab for us (the program may be there and say no)."""
        return which("crontab") is not None and self._read() is not None

    def register(self) -> bool:
        """Add the entry; False when it is there."""
        rows = self._read()
        if rows is None:
            raise Problem("crontab can't be read", "deploy with `register: none`")
        if self.line in rows:
            return False
        self._write([*rows, self.line])
        return True

    def start(self) -> None:
        """Start pm now, in a session of its own."""
        start(self.home)

    def remove(self) -> bool:
        """Take the entry away; False when there was none."""
        rows = self._read() if which("crontab") else None
        if not rows or self.line not in rows:
            return False
        self._write([row for row in rows if row != self.line])
        return True

    def _read(self) -> list[str] | None:
        status, said = tool(["crontab", "-l"], limit=LONGEST)
        if status == 0:
            return said.splitlines() if len(said) < LONGEST else None
        return [] if "no crontab" in said.lower() else None

    def _write(self, rows: list[str]) -> None:
        status, said = tool(["crontab", "-"], ("\n".join(rows) + "\n" if rows else "").encode())
        if status:
            raise Problem("crontab failed (%d): %s" % (status, said))


def start(home: str) -> None:
    """Start pm under its own outer loop. Raises Problem with what it said."""
    status, said = tool([home + "/pm", *START])
    if status:
        raise Problem(
            "pm did not start (%d): %s" % (status, said or "it said nothing"),
            "look into %s/log on the node" % home,
        )
