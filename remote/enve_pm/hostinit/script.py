"""A script in /etc/init.d, which OpenRC and System V's init have in common."""

from __future__ import annotations

from enve_pm.hostinit.keeper import FileKeeper

SCRIPTS = "/etc/init.d"


class Script(FileKeeper):
    """One that bears pm's name."""

    mode = 0o755

    @property
    def path(self) -> str:
        return "%s/%s" % (SCRIPTS, self.kept.name)
