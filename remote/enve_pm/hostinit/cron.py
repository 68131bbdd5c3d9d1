"""pm without an init of its own: started now in its own session, and by cron after a reboot."""

from __future__ import annotations

import shlex

from enve_pm.hostinit.problem import Problem, tool

LONGEST = 1 << 20  # characters of a crontab that we dare to change
MARK = "# enve-pm"
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
        return "@reboot %s %s" % (command.replace("%", "\\%"), MARK)

    def usable(self) -> bool:
        """Whether there is a crontab for us (the program may be there and say no)."""
        return rows() is not None

    def register(self) -> bool:
        """Add the entry; False when it is there."""
        known = rows()
        if known is None:
            raise Problem("crontab can't be read", "deploy with `register: none`")
        if self.line in known:
            return False
        self._write([*known, self.line])
        return True

    def start(self) -> None:
        """Start pm now, in a session of its own."""
        start(self.home)

    def remove(self) -> bool:
        """Take the entry away; False when there was none."""
        known = rows()
        if not known or self.line not in known:
            return False
        self._write([row for row in known if row != self.line])
        return True

    def _write(self, entries: list[str]) -> None:
        """Put the whole crontab; an empty one goes altogether."""
        text = "".join(entry + "\n" for entry in entries)
        status, said = tool(["crontab", "-" if entries else "-r"], text.encode())
        if status:
            raise Problem("crontab failed (%d): %s" % (status, said))


def rows() -> list[str] | None:
    """Our user's crontab; None where we have none to write to."""
    status, said = tool(["crontab", "-l"], limit=LONGEST)
    if status == 0:
        return said.splitlines() if len(said) < LONGEST else None
    return [] if status == 1 and "no crontab" in said.lower() else None


def start(home: str) -> None:
    """Start pm under its own outer loop. Raises Problem with what it said."""
    status, said = tool([home + "/pm", *START])
    if status:
        raise Problem(
            "pm did not start (%d): %s" % (status, said or "it said nothing"),
            "look into %s/log on the node" % home,
        )
