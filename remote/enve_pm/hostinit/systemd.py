"""pm under systemd: a system unit, or a unit of the user's manager that lingers."""

from __future__ import annotations

import os
import pwd

from enve_pm.hostinit import files
from enve_pm.hostinit.keeper import MARK, STOP, FileKeeper
from enve_pm.hostinit.problem import Problem, tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.hostinit.kept import Kept

SYSTEM_UNITS = "/etc/systemd/system"
# pm stops its units by their own deadlines; systemd only ends what never ends.
TEXT = """\
%(mark)s
[Unit]
Description=pm, the process manager of %(shown)s
After=network.target
StartLimitIntervalSec=0

[Service]
%(user)sExecStart=/bin/sh %(command)s
Restart=always
RestartSec=100ms
KillMode=mixed
TimeoutStopSec=%(stop)d
Delegate=yes

[Install]
WantedBy=%(target)s
"""


class Systemd(FileKeeper):
    """The unit of one pm. `user`: in the user's own manager."""

    def __init__(self, kept: Kept, user: bool) -> None:
        super().__init__(kept)
        self.user = user
        self.kind = "systemd-user" if user else "systemd"
        self.unit = kept.name + ".service"

    @property
    def path(self) -> str:
        if not self.user:
            return "%s/%s" % (SYSTEM_UNITS, self.unit)
        config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return "%s/systemd/user/%s" % (config, self.unit)

    def text(self) -> str:
        login = self.kept.login
        return TEXT % {
            "mark": MARK,
            "stop": STOP,
            "shown": escape(self.kept.shown).replace("\\", "\\\\"),  # at its end it joins lines
            "user": "User=%s\n" % escape(login) if login else "",
            "command": " ".join([quote(self.kept.launcher), *map(quote, self.kept.run)]),
            "target": "default.target" if self.user else "multi-user.target",
        }

    def usable(self) -> bool:
        """The manager answers, and (for a user's) lives on when the last session ends."""
        if not booted() or self._call("show-environment")[0]:
            return False
        return not self.user or linger()

    def enabled(self) -> bool:
        return self._call("is-enabled", "--quiet", self.unit)[0] == 0

    def enable(self) -> None:
        self._must("daemon-reload")
        self._must("enable", "--quiet", self.unit)

    def disable(self) -> None:
        self._must("disable", "--quiet", self.unit)
        files.discard(self.path)
        self._must("daemon-reload")
        self._call("reset-failed", self.unit)

    def start(self) -> None:
        self._must("start", self.unit)

    def stop(self) -> None:
        self._must("stop", self.unit)

    def _call(self, *words: str) -> tuple[int, str]:
        if self.user:
            os.environ.setdefault("XDG_RUNTIME_DIR", "/run/user/%d" % os.geteuid())
        argv = ["systemctl", *(["--user"] if self.user else []), *words]
        return tool(argv, deadline=STOP + 30.0)

    def _must(self, *words: str) -> None:
        status, said = self._call(*words)
        if status:
            raise Problem(
                "systemctl %s failed (%d): %s" % (" ".join(words), status, said),
                "look at: systemctl%s status %s" % (" --user" if self.user else "", self.unit),
            )


def booted() -> bool:
    """Whether systemd runs this machine (sd_booted(3))."""
    return os.path.isdir("/run/systemd/system")


def login() -> str:
    """Our name as loginctl takes it; the uid where there is no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def linger() -> bool:
    """Whether our user's manager outlives the sessions; asks for it where it does not."""
    if os.path.exists("/var/lib/systemd/linger/" + login()):
        return True
    return tool(["loginctl", "enable-linger"])[0] == 0


def quote(word: str) -> str:
    """One word of ExecStart."""
    text = escape(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return '"%s"' % text


def escape(text: str) -> str:
    """Specifiers are not meant."""
    return text.replace("%", "%%")
