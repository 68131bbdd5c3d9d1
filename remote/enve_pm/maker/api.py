"""What every root holds beside its files: /proc /sys /dev /run /tmp, and the spots of its pm."""

from __future__ import annotations

from enve_pm.maker.layer import BIND, Layer
from enve_pm.maker.libc import NODEV, NOEXEC, NOSUID, RDONLY

SAFE = NOSUID | NODEV
NODES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


def layers(home: str) -> list[Layer]:
    """In the order of mounting. A unit's SPOT_DIR is the same place inside and outside."""
    spots = home + "/spots"
    return [
        Layer("proc", "proc", "proc", SAFE | NOEXEC),
        Layer("sys", BIND, "/sys", SAFE | NOEXEC | RDONLY),
        Layer("dev", "tmpfs", "pm:dev", NOSUID | NOEXEC, "mode=755,size=64k", LINKS),
        *[Layer("dev/" + node, BIND, "/dev/" + node, 0) for node in NODES],
        Layer("dev/pts", "devpts", "devpts", NOSUID | NOEXEC, "newinstance,ptmxmode=666,mode=620"),
        Layer("dev/shm", "tmpfs", "pm:shm", SAFE | NOEXEC, "mode=1777"),
        Layer("run", "tmpfs", "pm:run", SAFE, "mode=755"),
        Layer("tmp", "tmpfs", "pm:tmp", SAFE, "mode=1777"),
        Layer(spots.strip("/"), BIND, spots, SAFE),
    ]
