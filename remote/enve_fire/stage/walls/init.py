"""The first process of a namespace of pids: it takes in who loses its parent, and all ends with it.
Who called waits for it, outside, and it waits for the command.
"""

from __future__ import annotations

import os

from enve_fire.stage.walls.supervisor import exit_status, only_standard
from enve_pm.enter import kernel


def first() -> None:
    """After `unshare`: goes on as pid 1. Who called ends as that does, and that with it, whatever
    becomes of either. Who keeps us takes in what would be left."""
    import signal

    _end_with_parent()
    pid = os.fork()
    if pid == 0:
        _end_with_parent()
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # commands get it, too, and have time to end
    os._exit(exit_status(os.waitpid(pid, 0)[1]))


def second() -> None:
    """As pid 1: goes on as its child. When that ends, pid 1 does, and so do all that are left."""
    only_standard()
    kernel.prctl(kernel.SET_DUMPABLE, 0)  # nobody in here looks into it
    pid = os.fork()
    if pid == 0:
        return
    while True:
        ended, status = os.wait()
        if ended == pid:
            os._exit(exit_status(status))


def _end_with_parent() -> None:
    import signal

    kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
