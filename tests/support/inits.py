"""What can be process 1 of a booted node: packages, the words for systemd-nspawn, how to reboot."""

from __future__ import annotations

from dataclasses import dataclass, field

# No gettys: the node has no terminals.
SYSV_TABLE = """\
id:2:initdefault:
si::sysinit:/etc/init.d/rcS
l0:0:wait:/etc/init.d/rc 0
l2:2:wait:/etc/init.d/rc 2
l6:6:wait:/etc/init.d/rc 6
"""
BUSYBOX_TABLE = """\
::sysinit:/bin/mkdir -p /run/sshd
::respawn:/usr/sbin/sshd -D
"""


@dataclass(frozen=True)
class Init:
    """`comm`: the name of process 1. `keeper`: what keeps pm there, as deploy calls it. `reboot`:
    the command, on the node. `files`, `links`: put over the system, by path."""

    name: str
    packages: tuple[str, ...]
    comm: str
    keeper: str
    start: tuple[str, ...] = ("/sbin/init",)
    reboot: str = "reboot"
    files: dict[str, str] = field(default_factory=dict, hash=False)
    links: dict[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.name


SYSTEMD = Init(
    "systemd",
    ("systemd-sysv", "dbus", "libpam-systemd"),
    "systemd",
    "systemd",
    ("--boot", "--kill-signal=SIGRTMIN+4"),
)
SYSVINIT = Init(
    "sysvinit", ("sysvinit-core",), "init", "sysvinit", files={"etc/inittab": SYSV_TABLE}
)
OPENRC = Init(
    "openrc",
    ("openrc",),
    "openrc-init",
    "openrc",
    ("/sbin/openrc-init",),
    "openrc-shutdown --reboot now",
)
OPENRC_UNDER_SYSVINIT = Init(
    "openrc-under-sysvinit",
    ("openrc", "sysvinit-core"),
    "init",
    "openrc",
    files={"etc/inittab": SYSV_TABLE},
)
RUNIT = Init("runit", ("runit-init",), "runit", "runit")
BUSYBOX = Init(
    "busybox",
    ("busybox-static",),
    "init",
    "busybox",
    reboot="busybox reboot",
    files={"etc/inittab": BUSYBOX_TABLE},
    links={"sbin/init": "/bin/busybox"},
)
ALL = (SYSTEMD, SYSVINIT, OPENRC, OPENRC_UNDER_SYSVINIT, RUNIT, BUSYBOX)
