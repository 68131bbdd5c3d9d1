"""Who belongs to a run: the processes that a unit's command left, wherever they went.

A process that pm spawns leads a session of its own, so its group and session bear its pid. What
leaves that session and loses its parent becomes pm's own child (pm is a subreaper); there the
marker PM_JOB in its environment tells whose it is. A process that hides both cannot be told from
a stranger; it is given to the only run of its user that ended in the same turn, if there is one.
"""

from __future__ import annotations

import os

from enve_pm.shell.guard import subtree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from enve_pm.shell.events.system import System

MARKER = "PM_JOB"
_MARKER = MARKER.encode()
DEEPEST = 512  # parents that are looked at


class Orphan:
    """A child of pm's that pm did not spawn. `job`: what its marker says, or empty; `bare`: it has
    no environment at all, as a process has for a moment while it executes another program."""

    __slots__ = ("bare", "job", "pid", "session", "start")

    def __init__(self, pid: int, start: int, session: int, job: bytes | None) -> None:
        self.pid = pid
        self.start = start
        self.session = session
        self.bare = job is None
        self.job = _text(job)


def orphans(system: System, *known: Mapping[int, object]) -> list[Orphan]:
    """The children of this process whose pids are not known, but for those that have ended. All
    that are known, each to one table, are children that were not reaped yet: when there are no more
    than these, nobody has to be looked at."""
    try:
        text = system.read("/proc/self/task/%d/children" % os.getpid())
    except OSError:
        return []  # nobody can be looked at now; who ends later is seen then
    if text.count(b" ") == sum(map(len, known)):
        return []
    found = []
    for pid in map(int, text.split()):
        if any(pid in table for table in known):
            continue
        stat = system.stat(pid)
        if stat is not None and stat.state != "Z":
            found.append(Orphan(pid, stat.start, stat.session, system.variable(pid, _MARKER)))
    return found


def job_of(system: System, pid: int) -> str:
    """The job that a process was started for, as its environment says; empty if it does not."""
    return _text(system.variable(pid, _MARKER))


def _text(job: bytes | None) -> str:
    return (job or b"").decode("ascii", "replace")


def belongs(system: System, pid: int, roots: AbstractSet[int]) -> bool:
    """Is `pid` one of the roots or below one of them?"""
    seen = 0
    while pid > 1 and seen < DEEPEST:
        if pid in roots:
            return True
        stat = system.stat(pid)
        if stat is None:
            return False
        pid = stat.parent
        seen += 1
    return False


def tree(system: System, roots: AbstractSet[int]) -> list[tuple[int, int]]:
    """Every living process at and below the roots as (pid, start), parents first."""
    found = []
    for root in sorted(roots):
        for pid in [root, *subtree.below(root)]:
            stat = system.stat(pid)
            if stat is not None and stat.state != "Z":
                found.append((pid, stat.start))
    return found
