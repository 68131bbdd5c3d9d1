"""pm under launchd: a daemon of the system, or an agent of a user. What lies there is started at
boot, or when the user logs in. A template: no such host has tried it."""

from __future__ import annotations

import os
import sys
from shutil import which

from enve_pm.hostinit import files
from enve_pm.hostinit.keeper import MARK, STOP, FileKeeper, must
from enve_pm.hostinit.problem import tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.hostinit.kept import Kept

DAEMONS = "/Library/LaunchDaemons"
AGENTS = "~/Library/LaunchAgents"


class Launchd(FileKeeper):
    """One property list. `user`: an agent."""

    kind = "launchd"
    tried = False

    def __init__(self, kept: Kept, user: bool = False) -> None:
        super().__init__(kept)
        self.user = user
        self.domain = "gui/%d" % os.geteuid() if user else "system"

    @property
    def path(self) -> str:
        folder = os.path.expanduser(AGENTS) if self.user else DAEMONS
        return "%s/%s.plist" % (folder, self.kept.name)

    def text(self) -> str:
        import plistlib  # its parser is more than some nodes have

        value = {
            "Label": self.kept.name,
            "ProgramArguments": ["/bin/sh", self.kept.launcher, *self.kept.run],
            "RunAtLoad": True,
            "KeepAlive": True,
            "ExitTimeOut": STOP,
        }
        if self.kept.login:
            value["UserName"] = self.kept.login
        head, line, rest = plistlib.dumps(value).decode().partition("<plist")
        return "%s<!--\n%s\n-->\n%s%s" % (head, MARK, line, rest)

    def usable(self) -> bool:
        there = sys.platform == "darwin" and which("launchctl") is not None
        return there and (self.user or os.geteuid() == 0)

    def enabled(self) -> bool:
        return True

    def enable(self) -> None:
        """launchd looks into the folder."""

    def disable(self) -> None:
        files.discard(self.path)

    def start(self) -> None:
        must("launchctl", "bootstrap", self.domain, self.path)

    def stop(self) -> None:
        target = "%s/%s" % (self.domain, self.kept.name)
        if tool(["launchctl", "print", target])[0] == 0:
            must("launchctl", "bootout", target, deadline=STOP + 30.0)
