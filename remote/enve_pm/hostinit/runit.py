"""pm under runit: a service folder, and the link by which the init knows it."""

from __future__ import annotations

import contextlib
import os
import shutil
from shlex import quote

from enve_pm.hostinit import files, life
from enve_pm.hostinit.first import comm
from enve_pm.hostinit.keeper import MARK, STOP, FileKeeper, must
from enve_pm.hostinit.problem import Problem, tool

FOLDERS = "/etc/sv"
# Where the supervised ones are linked: Debian's and the usual one, Void's, Artix's.
SERVICES = ("/etc/service", "/var/service", "/run/runit/service", "/service")
FOUND = 15.0  # seconds for the init to see a new link (it looks every 5 s)
TEXT = """\
#!/bin/sh
%(mark)s
# pm, the process manager of %(shown)s
exec 2>&1
exec %(command)s
"""
LOGIN = (
    'setpriv --reuid %(login)s --regid "$(id -g %(login)s)" --init-groups --reset-env %(command)s'
)


class Runit(FileKeeper):
    """A folder in /etc/sv."""

    kind = "runit"
    mode = 0o755

    @property
    def folder(self) -> str:
        return "%s/%s" % (FOLDERS, self.kept.name)

    @property
    def path(self) -> str:
        return self.folder + "/run"

    @property
    def link(self) -> str:
        """Raises Problem where there is no folder for it."""
        for services in SERVICES:
            if os.path.isdir(services):
                return "%s/%s" % (services, self.kept.name)
        raise Problem("runit has no services here: wanted one of " + " ".join(SERVICES))

    def text(self) -> str:
        command = self.kept.sh(*self.kept.run)
        if self.kept.login:  # su would end it 2 s after it was asked to end
            command = LOGIN % {"login": quote(self.kept.login), "command": command}
        return TEXT % {"mark": MARK, "shown": self.kept.shown, "command": command}

    def usable(self) -> bool:
        tools = ["sv", "setpriv"] if self.kept.login else ["sv"]
        known = comm() == "runit" and all(map(shutil.which, tools))
        return known and os.geteuid() == 0 and any(map(os.path.isdir, SERVICES))

    def enabled(self) -> bool:
        return os.path.islink(self.link) and os.readlink(self.link) == self.folder

    def enable(self) -> None:
        """A new service is started as soon as it is seen, unless it says `down`: only then."""
        if self.enabled():
            return
        if os.path.lexists(self.link):
            raise Problem("%s is not ours" % self.link, "look what it is; move it away")
        down = self.folder + "/down"
        files.put(down, b"", 0o644)
        try:
            os.symlink(self.folder, self.link)
            if not life.wait(self._seen, FOUND):
                raise Problem("runit does not look into " + os.path.dirname(self.link))
        finally:
            files.discard(down)

    def _seen(self) -> bool:
        return tool(["sv", "status", self.folder])[0] == 0

    def disable(self) -> None:
        if self.enabled():
            os.unlink(self.link)
        tool(["sv", "-w", "10", "exit", self.folder])
        files.discard(self.path)
        shutil.rmtree(self.folder + "/supervise", ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)  # unless it holds what somebody else put there

    def start(self) -> None:
        must("sv", "-w", "15", "start", self.folder)

    def stop(self) -> None:
        must("sv", "-w", str(STOP), "stop", self.folder, deadline=STOP + 30.0)
