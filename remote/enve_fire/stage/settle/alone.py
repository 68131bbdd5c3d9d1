"""Roots of who is not root: laid among mounts of his own, in a user namespace that knows him alone.

What runs in such a root holds it; it ends with that, and nothing is left. Each run lays its own.
"""

from __future__ import annotations

import os

from enve_fire.core.trouble import SETTLE, Trouble
from enve_pm.enter import kernel, spaces
from enve_pm.maker import libc


def enter(folder: str) -> None:
    """From here on this process mounts for itself. `folder`: where its roots lie; in memory from
    now on, and seen by nobody else. Raises Trouble, OSError."""
    os.makedirs(folder, 0o700, exist_ok=True)
    try:
        spaces.unshare(kernel.NEWNS, own_user=True)
    except OSError as error:
        reason = spaces.explained(error).strerror
        told = "settle as uid %d takes a user namespace (root lays it without): %s"
        raise Trouble(SETTLE, told % (os.geteuid(), reason)) from None
    libc.mount("none", "/", "", libc.REC | libc.PRIVATE)
    libc.mount("tmpfs", folder, "tmpfs", libc.NOSUID | libc.NODEV, "mode=700")
