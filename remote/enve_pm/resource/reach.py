"""Signals that reach what a run has: its main process, that one's group, or all of it."""

from __future__ import annotations

from enve_pm.shell.events.light import signal
from enve_pm.shell.process import descend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from enve_pm.resource.run import Run
    from enve_pm.shell.events.system import System


def number_of(name: str) -> int:
    """The number of a signal that a plan names: `TERM`."""
    return int(getattr(signal, "SIG" + name))


def group(system: System, run: Run, number: int) -> None:
    """The main process is not reaped, so its pid, and its group's number, are its own."""
    if run.init and _deaf(system, run.main, number):
        number = signal.SIGKILL
    stat = None if run.main == run.launcher else system.stat(run.main)
    if stat is None or stat.group == run.main:
        system.kill_group(run.main, number)
        system.kill_group(run.main, signal.SIGCONT)
    else:
        one(system, run.main, number)


def _deaf(system: System, pid: int, number: int) -> bool:
    """The first process of a pid namespace never gets a signal that it does not handle: what would
    have ended any other one does nothing to it."""
    masks = system.signals(pid)
    return not any(mask >> (number - 1) & 1 for mask in masks) if masks else False


def everything(system: System, run: Run, number: int) -> None:
    """All that is known of it by now, and what is below that."""
    for pid, start in descend.tree(system, roots(run)):
        deaf = run.init and pid == run.main and _deaf(system, pid, number)
        system.kill(pid, start, signal.SIGKILL if deaf else number)
    run.told = set(run.orphans)


def one(system: System, pid: int, number: int) -> None:
    """A process that was stopped hears of it too."""
    stat = system.stat(pid)
    if stat is not None:
        system.kill(pid, stat.start, number)
        system.kill(pid, stat.start, signal.SIGCONT)


def member(system: System, run: Run, pid: int) -> bool:
    """Is this living process one of the run's?"""
    if pid in run.orphans or descend.job_of(system, pid) == run.job:
        return True
    return descend.belongs(system, pid, roots(run))


def roots(run: Run) -> AbstractSet[int]:
    """Its processes that are pm's own children."""
    return run.orphans | ({run.main} if run.code is None else frozenset())
