"""How many descriptors pm and those who work beside it share out: they have one limit."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.system import System

SPARE = 64  # that units leave to pm, and to its logger and holder of terminals


def widen() -> None:
    """Take as many as pm may have: a unit whose output nobody takes would wait for ever."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spare(system: System, fd: int) -> int:
    """A unit's new descriptor, if enough are left beside it. Else it is closed: OSError."""
    if fd < system.most_files() - SPARE:
        return fd
    os.close(fd)
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
