"""Children of pm's that pm did not spawn: processes of runs that lost their parents.

Each gets an owner once, by its marker or its session. One that shows neither is given to the only
run that has just ended, if there is one; else it is nobody's. A process that executes a program has
no environment for a moment: it is looked at again before anything is decided.
"""

from __future__ import annotations

from enve_pm.shell.process import descend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from enve_pm.resource.run import Run
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer

EXEC = 100  # ms in which a process that executes a program has its environment again
LOOK = 3  # ms between two looks at it


class Orphans:
    """`runs` gives all runs under way; `again` is called when it is time for another look."""

    def __init__(
        self, loop: Loop, runs: Callable[[], Iterable[Run]], again: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._runs = runs
        self._again = again
        self._owners: dict[int, Run | None] = {}
        self._bare: dict[int, int] = {}  # without environment: until when we wait
        self._timer: Timer | None = None

    def adopt(self, ended: list[Run]) -> bool:
        """Look for new ones and give them to their runs. `ended`: the runs whose main process has
        just ended. False when one cannot be told yet."""
        for orphan in descend.orphans(self._loop.system, self._loop.children, self._owners):
            owner = self._owner(orphan, ended)
            if owner is not None:
                owner.orphans = owner.orphans | {orphan.pid}
            if owner is not None or (ended and self._timer is None):
                self._owners[orphan.pid] = owner
        if self._timer is None:
            self._bare = {}
        return self._timer is None

    def forget(self, pid: int) -> None:
        """It has ended, or is a main process now."""
        owner = self._owners.pop(pid, None)
        if owner is not None:
            owner.orphans = owner.orphans - {pid}
            owner.told = owner.told - {pid}

    def restore(self, run: Run) -> None:
        """After a change of program: these were known."""
        self._owners.update(dict.fromkeys(run.orphans, run))

    def _owner(self, orphan: descend.Orphan, ended: list[Run]) -> Run | None:
        for run in self._runs():
            if orphan.job == run.job or orphan.session == run.launcher:
                return run
            if orphan.pid == run.announced:  # it may have a session of its own, and hide its job
                return run
        if orphan.bare and self._too_early(orphan.pid):
            return None
        only = ended[0] if len(ended) == 1 else None
        return only if only is not None and only.start <= orphan.start else None

    def _too_early(self, pid: int) -> bool:
        now = self._loop.system.now()
        if now >= self._bare.setdefault(pid, now + EXEC):
            return False
        if self._timer is None:
            self._timer = self._loop.at(now + LOOK, self._look)
        return True

    def _look(self) -> None:
        self._timer = None
        self._again()
