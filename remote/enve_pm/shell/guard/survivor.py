"""What an earlier pm left running: found before anything is started, and killed.

A job on disk without retcode may still have processes: the recorded one (pid, start time, boot),
its session, what is below them, and whatever bears the job's marker. Nothing is killed by its pid
alone.
"""

from __future__ import annotations

import os

from enve_pm.shell.events.light import signal
from enve_pm.shell.process import descend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from enve_pm.shell.events.system import System
    from enve_pm.shell.process.job import Open

PATIENCE = 5000  # ms
ROUND = 0.005  # seconds between two looks


def kill_survivors(system: System, jobs: Iterable[Open]) -> tuple[int, list[int]]:
    """Kill what is left of these jobs. Returns how many were killed, and the pids that stay."""
    boot = system.boot()
    left = list(jobs)
    markers = {row.job for row in left}
    recorded = {row.pid: row.start for row in left if row.pid and row.boot == boot}
    killed: set[int] = set()
    end = system.now() + PATIENCE
    while markers:
        found = _find(system, markers, recorded)
        if not found or system.now() > end:
            return len(killed), [pid for pid, _ in found]
        for pid, start in found:
            if system.kill(pid, start, signal.SIGKILL):
                killed.add(pid)
        system.reap()
        system.rest(ROUND)
    return 0, []


def _find(system: System, markers: set[str], recorded: dict[int, int]) -> list[tuple[int, int]]:
    stats = {pid: system.stat(pid) for pid in system.processes()}
    living = {pid: stat for pid, stat in stats.items() if stat and stat.state != "Z"}
    alive = {pid for pid, stat in living.items() if recorded.get(pid) == stat.start}
    roots = {
        pid
        for pid, stat in living.items()
        if stat.session in alive or descend.job_of(system, pid) in markers
    }
    return descend.tree(system, (roots | alive) - _above(system))


def _above(system: System) -> set[int]:
    """This process and those that it runs under: pm may have been started from anywhere."""
    found = set()
    pid = os.getpid()
    while pid > 1 and pid not in found:
        found.add(pid)
        stat = system.stat(pid)
        pid = stat.parent if stat else 0
    return found
