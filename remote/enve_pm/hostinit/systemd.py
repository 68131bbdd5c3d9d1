"""pm under systemd: a system unit, or a unit of the user's manager that lingers."""

from __future__ import annotations

import os
import pwd

from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem, tool

DEFAULT_HOMES = ("/var/opt/pm",)
SYSTEM_UNITS = "/etc/systemd/system"
STOP = 120  # seconds
# pm stops its units by their own deadlines; systemd only ends what never ends.
TEXT = """\
# Put here by enve-deploy.
[Unit]
Description=pm, the process manager of %(shown)s
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh %(launcher)s run
Restart=always
RestartSec=100ms
KillMode=mixed
TimeoutStopSec=%(stop)d
Delegate=yes

[Install]
WantedBy=%(target)s
"""


class Systemd:
    """The unit of one HOME. `user`: in the user's own manager."""

    def __init__(self, home: str, user: bool) -> None:
        self.home = home
        self.user = user
        self.name = unit_name(home)

    @property
    def kind(self) -> str:
        return "systemd-user" if self.user else "systemd"

    @property
    def path(self) -> str:
        if not self.user:
            return "%s/%s" % (SYSTEM_UNITS, self.name)
        config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return "%s/systemd/user/%s" % (config, self.name)

    def text(self) -> bytes:
        """The unit's file."""
        return (
            TEXT
            % {
                "stop": STOP,
                "shown": escape(self.home),
                "launcher": quote(self.home + "/pm"),
                "target": "default.target" if self.user else "multi-user.target",
            }
        ).encode()

    def usable(self) -> bool:
        """Whether the manager answers, and (for a user's) lives on when the last session ends."""
        if not booted() or self._call("show-environment")[0]:
            return False
        return not self.user or linger()

    def register(self) -> bool:
        """Write and enable the unit; True when something was changed."""
        files.parents(self.path, 0o755)
        changed = files.put(self.path, self.text(), 0o644)
        if changed or self._call("is-enabled", "--quiet", self.name)[0]:
            self._must("daemon-reload")
            self._must("enable", "--quiet", self.name)
            return True
        return False

    def start(self) -> None:
        """Start pm now (nothing, when it runs)."""
        self._must("start", self.name)

    def active(self) -> bool:
        """Whether systemd runs it."""
        return self._call("is-active", "--quiet", self.name)[0] == 0

    def remove(self) -> bool:
        """Stop pm and forget the unit; False when there was none."""
        if not os.path.exists(self.path):
            return False
        self._must("disable", "--now", "--quiet", self.name)
        files.discard(self.path)
        self._must("daemon-reload")
        self._call("reset-failed", self.name)
        return True

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
                "look at: systemctl%s status %s" % (" --user" if self.user else "", self.name),
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


def unit_name(home: str) -> str:
    """`enve-pm.service`; with a mark of the home where that is not a default one."""
    if home in DEFAULT_HOMES or home.endswith("/.local/state/pm"):
        return "enve-pm.service"
    return "enve-pm-%s.service" % files.sha256(home.encode("utf-8", "surrogateescape"))[:8]


def quote(path: str) -> str:
    """A path as one word of ExecStart."""
    text = escape(path).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return '"%s"' % text


def escape(text: str) -> str:
    """Specifiers are not meant."""
    return text.replace("%", "%%")
