"""Work in a mount namespace of its own: nothing that it mounts is left when it ends."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from enve_pm.maker import libc


def in_own_mounts(work: Callable[[], object]) -> None:
    """In a process of its own; fails where the work does, which prints why."""
    pid = os.fork()
    if not pid:
        try:
            libc.unshare(libc.NEWNS)
            libc.mount("", "/", "", libc.REC | libc.PRIVATE)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
