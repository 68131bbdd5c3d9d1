"""The first process of this machine: which init it is. In a container it may be anything, such as a
shell of busybox's, which must not be told what is meant for an init."""

from __future__ import annotations

import os
import stat
from shutil import which

INIT = ("init", "linuxrc")
CONTROLS = ("/run/initctl", "/dev/initctl")  # System V's init reads one of these pipes


def comm() -> str:
    """Its name, "" when it can't be read."""
    try:
        with open("/proc/1/comm", encoding="utf-8", errors="replace") as file:
            return file.read(64).strip()
    except OSError:
        return ""


def is_busybox() -> bool:
    """Whether it is busybox's init. Only root may look."""
    return comm() in INIT and _runs_busybox()


def is_sysv() -> bool:
    """Whether it is System V's."""
    return comm() == "init" and not _runs_busybox() and any(map(_is_pipe, CONTROLS))


def _runs_busybox() -> bool:
    try:
        program = os.readlink("/proc/1/exe")
        known = which("busybox")
        same = known is not None and os.path.samefile(known, "/proc/1/exe")
    except OSError:
        return False
    return same or os.path.basename(program) == "busybox"


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False
