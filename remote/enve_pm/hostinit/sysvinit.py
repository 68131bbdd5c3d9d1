"""pm under System V's init: a script for each runlevel. The init does not start it again after a
crash, so pm's own outer loop does."""

from __future__ import annotations

import os
from glob import glob
from shutil import which

from enve_pm.hostinit import files, script
from enve_pm.hostinit.first import is_sysv
from enve_pm.hostinit.keeper import MARK, STOP, must
from enve_pm.hostinit.kept import END
from enve_pm.hostinit.problem import Problem, tool
from enve_pm.hostinit.script import Script

LEVELS = "/etc/rc[2-5].d"
TEXT = """\
#!/bin/sh
%(mark)s
### BEGIN INIT INFO
# Provides:          %(name)s
# Required-Start:    $local_fs $remote_fs
# Required-Stop:     $local_fs $remote_fs
# Should-Start:      $network $syslog $time
# Should-Stop:       $network $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: pm, the process manager of %(shown)s
### END INIT INFO
case ${1:-} in
  start) %(status)s >/dev/null 2>&1 || exec %(start)s ;;
  stop) exec %(stop)s ;;
  restart | force-reload) "$0" stop && exec "$0" start ;;
  status) exec %(status)s ;;
  *)
    echo "wanted: $0 start|stop|restart|status" >&2
    exit 2
    ;;
esac
"""
# What keeps the links of runlevels: Debian's, Red Hat's.
ADD = (("update-rc.d", "%s", "defaults"), ("chkconfig", "--add", "%s"))
DROP = (("update-rc.d", "-f", "%s", "remove"), ("chkconfig", "--del", "%s"))


class SysVInit(Script):
    """A script in /etc/init.d."""

    kind = "sysvinit"

    def text(self) -> str:
        kept = self.kept
        return TEXT % {
            "mark": MARK,
            "name": kept.name,
            "shown": kept.shown,
            "start": kept.su(*kept.loop),
            "stop": kept.su(*END),
            "status": kept.su("status"),
        }

    def usable(self) -> bool:
        known = is_sysv() and os.path.isdir(script.SCRIPTS) and os.geteuid() == 0
        return known and any(which(way[0]) for way in ADD)

    def enabled(self) -> bool:
        return bool(glob("%s/S[0-9][0-9]%s" % (LEVELS, self.kept.name)))

    def enable(self) -> None:
        way = next((way for way in ADD if which(way[0])), None)
        if way is None:
            raise Problem(
                "there is no %s on this node" % " and no ".join(way[0] for way in ADD),
                "link %s into the runlevels by hand" % self.path,
            )
        must(*self._named(way))

    def disable(self) -> None:
        files.discard(self.path)
        for way in DROP:
            if which(way[0]):
                tool(self._named(way))

    def start(self) -> None:
        must(self.path, "start", hint="look into %s/log on the node" % self.kept.home)

    def stop(self) -> None:
        must(self.path, "stop", deadline=STOP + 30.0)

    def _named(self, way: tuple[str, ...]) -> list[str]:
        return [word.replace("%s", self.kept.name) for word in way]
