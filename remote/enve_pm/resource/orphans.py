"""Children of pm's that pm did not spawn: processes of runs that lost their parents.

Each gets an owner once, by its marker or its session. One that shows neither is given to the only
run that has just ended and may have left it: of the same user, or of root where no other run has
that user. Else whoever hides would hold up the ends of others.

A process that executes a program has no environment for a moment: it is looked at again before
anything is decided. No other one is: who hides has as many as he likes, and all that he likes in
their environments.
"""

from __future__ import annotations

from enve_pm.shell.process import descend
from enve_pm.shell.process.spawn import ANY

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
        # Looked at, and of no run so far: when they started, and whose they are.
        self._strangers: dict[int, tuple[int, int]] = {}
        self._bare: dict[int, int] = {}  # without environment: until when we wait
        self._timer: Timer | None = None

    def adopt(self, ended: list[Run]) -> bool:
        """Look for new ones and give them to their runs. `ended`: the runs whose main process has
        just ended. False when one cannot be told yet."""
        known = self._loop.children, self._owners, self._strangers
        for orphan in descend.orphans(self._loop.system, *known):
            owner = self._owner(orphan)
            if owner is not None:
                self._give(orphan.pid, owner)
            elif not (orphan.bare and self._too_early(orphan.pid)):
                uid = self._loop.system.owner(orphan.pid)
                self._strangers[orphan.pid] = orphan.start, uid
        if self._timer is not None:
            return False
        self._bare = {}
        if ended and self._strangers:
            self._share_out(ended)
        return True

    def _share_out(self, ended: list[Run]) -> None:
        """Strangers, when runs have ended. One that may be of several is nobody's for good."""
        users = {run.uid for run in self._runs()}
        for pid, (start, uid) in list(self._strangers.items()):
            fit = [run for run in ended if run.start <= start and _may_leave(run, uid, users)]
            if fit:
                del self._strangers[pid]
                self._give(pid, fit[0] if len(fit) == 1 else None)

    def _give(self, pid: int, owner: Run | None) -> None:
        self._owners[pid] = owner
        if owner is not None:
            owner.adopt(pid)

    def claim(self, run: Run, pid: int) -> None:
        """A process of the run's, whatever it hides."""
        if self._strangers.pop(pid, None) is not None:
            self._give(pid, run)

    def forget(self, pid: int) -> None:
        """It has ended, or is a main process now."""
        self._strangers.pop(pid, None)
        self._bare.pop(pid, None)
        owner = self._owners.pop(pid, None)
        if owner is not None:
            owner.lose(pid)

    def restore(self, run: Run) -> None:
        """After a change of program: these were known."""
        self._owners.update(dict.fromkeys(run.orphans, run))

    def _owner(self, orphan: descend.Orphan) -> Run | None:
        session = None
        for run in self._runs():
            if orphan.job == run.job:
                return run
            if orphan.pid == run.announced:  # it may have a session of its own, and hide its job
                return run
            if orphan.session == run.launcher and (session is None or run.main == run.launcher):
                session = run  # a launcher that has ended may have left its number to another one
        return session

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


def _may_leave(run: Run, uid: int, users: set[int]) -> bool:
    """Could a process of that user be the run's? `users`: those of all runs."""
    return run.uid in (ANY, uid) or (run.uid == 0 and uid not in users)
