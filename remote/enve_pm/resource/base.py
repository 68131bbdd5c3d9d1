"""All runs that are under way: launches them, signals them, and tells their end to the machine.

The end of a run is told when nothing of it is left. When a main process has ended, what it left
behind is asked to go (the unit's stop signal) and killed after a short grace; only then `Exited`
goes out, so a restart never meets the remains of the last run. What the machine has asked to stop
is killed when the machine says so.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.effects import OOM, Exited, Spawned, SpawnFailed
from enve_pm.resource import reach
from enve_pm.resource import run as runs
from enve_pm.resource.entrance import Entrances
from enve_pm.resource.orphans import EXEC, Orphans
from enve_pm.resource.run import NOBODY, Run
from enve_pm.shell.events.light import signal
from enve_pm.shell.process.spawn import SpawnError, launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.process.spawn import Order
    from enve_pm.shell.state.home import Home

GRACE = 2000  # ms that the remains of an ended main process get before they are killed
PAUSE = 4  # ms between two looks at what ended, when more than FEW are ending
FEW = 2
LAST = 5000  # ms after SIGKILL
NO_HEIR = -1
WAIT = 0


class Runs:
    """`emit` takes events for the machine; `heir` is asked who goes on when a main process ended
    with 0: a pid, WAIT (ask again), or NO_HEIR."""

    def __init__(self, loop: Loop, home: Home, emit: Callable[[Any], None]) -> None:
        self.heir: Callable[[Run], int] = lambda run: NO_HEIR
        self.over: Callable[[Run], None] = lambda run: None
        self.number_of: Callable[[str], int] = lambda unit: 0  # of a unit's main step under way
        self._loop = loop
        self._system = loop.system
        self._home = home
        self._emit = emit
        self._runs: dict[int, Run] = {}  # by number
        self._ending: dict[int, Run] = {}  # main has ended, remains are being cleared
        self._fresh: list[Run] = []  # main ended in this turn
        self._announced: dict[int, Run] = {}  # by the pid of a daemon that is not main yet
        self._orphans = Orphans(loop, self.all, self._look_again)
        self.entrances = Entrances(loop, emit, self.announce)
        self._look = False
        self._looked = 0  # when that was done last
        self._timer: Timer | None = None
        self._on_end = self._ended  # one bound method for all children
        loop.strangers = self._reaped

    # -- what the machine asks for -----------------------------------------------------------------
    def get(self, unit: str, number: int) -> Run | None:
        run = self._runs.get(number)
        return run if run is not None and run.unit == unit else None

    def start_of(self, unit: str) -> Run | None:
        """The run whose main process is the unit's, if that lives."""
        run = self.get(unit, self.number_of(unit))
        lives = run is not None and run.step == states.START and run.code is None
        return run if lives else None

    def all(self) -> Iterable[Run]:
        return self._runs.values()

    def launch(self, run: Run, order: Order, parameter: bytes) -> bool:
        """Write the job down, start it, and say how that went."""
        self._home.jobs.begin(run.job, run.unit, parameter)
        before = self._system.ticks()
        reader = -1
        try:
            if order.room:
                from enve_pm.enter.start import start

                pid, reader = start(self._loop, order)
            else:
                pid = launch(self._loop, order)
        except SpawnError as error:
            self._home.jobs.end(run.job, 127, error.reason)
            self._emit(SpawnFailed(run.unit, run.number, error.reason))
            return False
        run.launcher, run.uid = pid, order.uid
        self._runs[run.number] = run
        after = self._system.ticks()
        self.lead(run, pid, after if before == after else 0)
        if reader < 0:
            self._emit(Spawned(run.unit, run.number, pid))
        else:
            self.entrances.watch(run, reader)
        return True

    def lead(self, run: Run, pid: int, start: int = 0) -> None:
        """`pid`, a child of ours, is the main process from now on. start: in ticks, 0: look."""
        stat = self._system.stat(pid) if not start else None
        run.main, run.start, run.code = pid, stat.start if stat else start, None
        if run.init:
            run.launcher = pid  # it leads a session of its own; the number of the other is free
        self._home.jobs.pid(run.job, pid, run.start)
        self._orphans.forget(pid)
        self._unannounce(run)
        self._ending.pop(run.number, None)
        self._loop.child(pid, self._on_end, run)
        self.entrances.hear(run)

    def announce(self, run: Run, pid: int) -> None:
        """`pid` says that it is the one that counts: its end is the run's, also where it comes
        before the launcher's."""
        if pid != run.main:
            self._unannounce(run)
            run.announced = pid
            self._announced[pid] = run
            self._orphans.claim(run, pid)

    def _unannounce(self, run: Run) -> None:
        self._announced.pop(run.announced, None)
        run.announced = 0

    def signal(self, unit: str, number: int, name: str, tree: bool) -> None:
        """Signal a run: its main process group, or with `tree` all that it has."""
        run = self.get(unit, number)
        if run is None:
            return
        what = reach.number_of(name)
        run.asked = True
        run.killing = run.killing or what == signal.SIGKILL
        if tree or run.code is not None:
            self._signal_tree(run, what)
        else:
            reach.group(self._system, run, what)

    def tell(self, unit: str, name: str) -> None:
        """Signal the main process of a unit alone: it shall go on."""
        run = self.start_of(unit)
        if run is not None:
            self._system.kill(run.main, run.start, reach.number_of(name))

    def member(self, run: Run, pid: int) -> bool:
        """Is this living process one of the run's?"""
        return reach.member(self._system, run, pid)

    def adopt(self) -> None:
        """Look for processes that lost their parents."""
        self._orphans.adopt(self._fresh)

    def _look_again(self) -> None:
        self._look = True

    # -- the end of a run --------------------------------------------------------------------------
    def settle(self) -> None:
        """Once a turn: work out what the children that ended in it mean for their runs. When many
        end, some milliseconds' worth of them are looked at together."""
        while self._look:
            wait = self._looked + PAUSE - self._system.now()
            if wait > 0 and len(self._ending) > FEW:
                self._postpone(wait)
                return
            self._look = False
            self._looked = self._system.now()
            known = self._orphans.adopt(self._fresh)  # else somebody's owner is not known yet
            for run in list(self._ending.values()):
                if known or run.patience <= self._looked:
                    self._clear(run)
            self._fresh = [run for run in self._fresh if not known and run.number in self._ending]

    def _postpone(self, wait: int) -> None:
        if self._timer is None or self._timer.callback is None:
            self._timer = self._loop.at(self._system.now() + wait, self._look_again)

    def _ended(self, run: Run, code: int) -> None:
        run.code = code
        run.patience = self._system.now() + EXEC
        self._ending[run.number] = run
        self._fresh.append(run)
        self._look = True

    def _reaped(self, ended: list[tuple[int, int]]) -> None:
        """Children ended that are no main process."""
        for pid, code in ended:
            self._orphans.forget(pid)
            run = self._announced.get(pid)
            if run is not None:
                run.fate = code
                self._unannounce(run)
        if ended and self._ending:
            self._look = True

    def _clear(self, run: Run) -> None:
        heir = NO_HEIR
        if run.code == 0 and not run.killing:
            heir = self.entrances.heir(run) or self.heir(run)
        if heir > 0:
            self.lead(run, heir)
        elif not run.orphans:
            self._finish(run)
        elif heir == NO_HEIR:
            self._dismiss(run)

    def look(self, run: Run) -> None:
        """Ask for the run's heir again in this turn."""
        self._look = self._look or run.number in self._ending

    def _dismiss(self, run: Run) -> None:
        """The main process is gone for good: the remains go too."""
        for pid in run.orphans - run.told:
            reach.one(self._system, pid, signal.SIGKILL if run.killing else signal.SIGTERM)
        run.told = set(run.orphans)
        if run.timer is None and not run.asked:
            run.timer = self._loop.at(self._system.now() + GRACE, lambda: self._kill(run))

    def _kill(self, run: Run) -> None:
        run.killing = True
        self._signal_tree(run, signal.SIGKILL)
        run.timer = self._loop.at(self._system.now() + LAST, lambda: self._give_up(run))

    def _give_up(self, run: Run) -> None:
        """What SIGKILL does not end, waits for a device in the kernel: the unit goes on without."""
        run.orphans = NOBODY
        self._look = True

    def _finish(self, run: Run) -> None:
        for table in (self._runs, self._ending):
            table.pop(run.number, None)
        if run.timer is not None:
            self._loop.cancel(run.timer)
        self.over(run)
        self._unannounce(run)
        code = run.code or run.fate or 0
        stopped = self.entrances.over(run)
        if stopped:
            self._home.jobs.end(run.job, 127, stopped)
            return
        self._home.jobs.end(run.job, code, lasted=self._system.lasted(run.start))
        told = OOM if run.starved and code else code
        self._emit(Exited(run.unit, run.number, told, run.why))

    def _signal_tree(self, run: Run, number: int) -> None:
        self._orphans.adopt(self._fresh)
        reach.everything(self._system, run, number)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[dict[str, Any]]:
        return [run.dump() for run in self._runs.values()]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Same pid, same children: those that ended meanwhile are reaped in the first turn."""
        for row in rows:
            run = runs.restore(row)
            self._runs[run.number] = run
            self._orphans.restore(run)
            if run.code is None:
                self._loop.child(run.main, self._on_end, run)
            else:
                self._ending[run.number] = run
        self._look = True
