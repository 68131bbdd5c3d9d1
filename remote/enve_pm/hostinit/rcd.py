"""pm under a BSD's rc: a script of rc.subr, as FreeBSD and NetBSD have it. What is there is started
at boot, unless rc.conf says NO. A template: no such host has tried it."""

from __future__ import annotations

import os
import sys
from shlex import quote

from enve_pm.hostinit import files
from enve_pm.hostinit.keeper import MARK, STOP, FileKeeper, must
from enve_pm.hostinit.kept import END

SUBR = "/etc/rc.subr"
FOLDERS = {"freebsd": "/usr/local/etc/rc.d", "dragonfly": "/usr/local/etc/rc.d"}
OTHERS = "/etc/rc.d"
TEXT = """\
#!/bin/sh
%(mark)s
# pm, the process manager of %(shown)s
#
# PROVIDE: %(name)s
# REQUIRE: LOGIN NETWORKING
# KEYWORD: shutdown

. %(subr)s

name=%(name)s
case $(uname -s) in
  NetBSD) rcvar=%(name)s ;;
  *) rcvar=%(name)s_enable ;;
esac
start_cmd=%(name)s_start
stop_cmd=%(name)s_stop
status_cmd=%(name)s_status

%(name)s_status() {
  %(status)s
}

%(name)s_start() {
  %(name)s_status >/dev/null 2>&1 || %(start)s
}

%(name)s_stop() {
  %(stop)s
}

load_rc_config %(name)s
: "${%(name)s_enable:=YES}" "${%(name)s:=YES}"
run_rc_command "$1"
"""


class RcD(FileKeeper):
    """A script for rc."""

    kind = "rc.d"
    mode = 0o755
    tried = False

    @property
    def name(self) -> str:
        """As a name of a variable."""
        return self.kept.name.replace("-", "_")

    @property
    def path(self) -> str:
        return "%s/%s" % (FOLDERS.get(sys.platform.rstrip("0123456789"), OTHERS), self.name)

    def text(self) -> str:
        return TEXT % {
            "mark": MARK,
            "shown": self.kept.shown,
            "name": self.name,
            "subr": SUBR,
            "start": self._su(*self.kept.loop),
            "stop": self._su(*END),
            "status": self._su("status"),
        }

    def _su(self, *words: str) -> str:
        """A BSD's su runs the login's own shell."""
        command = self.kept.sh(*words)
        login = self.kept.login
        return "su %s -c %s" % (quote(login), quote("exec " + command)) if login else command

    def usable(self) -> bool:
        return "bsd" in sys.platform and os.path.isfile(SUBR) and os.geteuid() == 0

    def enabled(self) -> bool:
        return True

    def enable(self) -> None:
        """The script says so itself."""

    def disable(self) -> None:
        files.discard(self.path)

    def start(self) -> None:
        must(self.path, "onestart")

    def stop(self) -> None:
        must(self.path, "onestop", deadline=STOP + 30.0)
