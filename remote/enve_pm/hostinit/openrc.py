"""pm under OpenRC: a service script, which OpenRC's own supervisor starts again after a crash."""

from __future__ import annotations

import os
from shlex import quote
from shutil import which

from enve_pm.hostinit import files
from enve_pm.hostinit.keeper import MARK, STOP, must
from enve_pm.hostinit.problem import tool
from enve_pm.hostinit.script import Script

DEFAULT = "/etc/runlevels/default"
BOOTED = "/run/openrc"
# What is given to the supervisor is read by sh twice.
TEXT = """\
#!/sbin/openrc-run
%(mark)s
description=%(description)s
supervisor=supervise-daemon
command=%(command)s
command_args=%(words)s
%(user)sretry="TERM/%(stop)d/KILL/5"
respawn_delay=1
respawn_max=0

depend() {
  after localmount bootmisc clock net logger
}
"""


class OpenRC(Script):
    """A script in /etc/init.d, in the runlevel `default`."""

    kind = "openrc"

    def text(self) -> str:
        kept = self.kept
        return TEXT % {
            "mark": MARK,
            "description": quote("pm, the process manager of " + kept.shown),
            "command": quote(quote(kept.launcher)),
            "words": quote(" ".join(map(quote, kept.run))),
            "user": "command_user=%s\n" % quote(quote(kept.login)) if kept.login else "",
            "stop": STOP,
        }

    def usable(self) -> bool:
        return os.path.isdir(BOOTED) and os.geteuid() == 0 and which("rc-update") is not None

    def enabled(self) -> bool:
        return os.path.islink("%s/%s" % (DEFAULT, self.kept.name))

    def enable(self) -> None:
        if not self.enabled():
            must("rc-update", "add", self.kept.name, "default")

    def disable(self) -> None:
        tool(["rc-update", "-a", "del", self.kept.name])
        files.discard(self.path)

    def start(self) -> None:
        must(
            "rc-service",
            self.kept.name,
            "start",
            hint="look at: rc-service %s status" % self.kept.name,
        )

    def stop(self) -> None:
        must("rc-service", self.kept.name, "stop", deadline=STOP + 30.0)
