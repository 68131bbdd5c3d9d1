"""pm as a service of Windows, under Cygwin's cygrunsrv. A template: no such host has tried it."""

from __future__ import annotations

import sys
from shlex import join
from shutil import which

from enve_pm.hostinit.keeper import STOP, Keeper, must
from enve_pm.hostinit.problem import tool

PROGRAM = "cygrunsrv"


class Cygrunsrv(Keeper):
    """A service that cygrunsrv runs: it has no file, and is known by its name."""

    kind = "cygrunsrv"
    tried = False

    @property
    def argv(self) -> list[str]:
        """What installs it. The launcher is its program, so no path has to be quoted."""
        argv = [PROGRAM, "--install", self.kept.name, "--path", self.kept.launcher]
        argv += ["--args", " ".join(self.kept.run), "--disp", "pm " + self.kept.shown]
        argv += ["--type", "auto", "--neverexits", "--shutdown", "--termsig", "TERM"]
        return [*argv, "--user", self.kept.login] if self.kept.login else argv

    def text(self) -> str:
        return join(self.argv) + "\n"

    def there(self) -> bool:
        return tool([PROGRAM, "--query", self.kept.name])[0] == 0

    def usable(self) -> bool:
        """Another login's service would need that login's password."""
        return sys.platform == "cygwin" and which(PROGRAM) is not None and not self.kept.login

    def register(self, force: bool = False) -> bool:
        if self.there():
            if not force:
                return False
            must(PROGRAM, "--remove", self.kept.name)
        must(*self.argv)
        return True

    def start(self) -> None:
        must(PROGRAM, "--start", self.kept.name)

    def stop(self) -> None:
        if self.there():
            must(PROGRAM, "--stop", self.kept.name, deadline=STOP + 30.0)

    def remove(self) -> bool:
        if not self.there():
            return False
        self.stop()
        must(PROGRAM, "--remove", self.kept.name)
        return True
