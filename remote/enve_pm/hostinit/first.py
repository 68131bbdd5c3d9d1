"""The first process of this machine: which init it is."""

from __future__ import annotations

import os
from shutil import which


def comm() -> str:
    """Its name, "" when it can't be read."""
    try:
        with open("/proc/1/comm", encoding="utf-8", errors="replace") as file:
            return file.read(64).strip()
    except OSError:
        return ""


def is_busybox() -> bool:
    """Whether it is busybox, under any name. Only root may look."""
    try:
        program = os.readlink("/proc/1/exe")
        known = which("busybox")
        same = known is not None and os.path.samefile(known, "/proc/1/exe")
    except OSError:
        return False
    return same or os.path.basename(program) == "busybox"
