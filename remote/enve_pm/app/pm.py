"""Pm: one process manager. Puts the machine, the loop, HOME, the pipes and the kinds together."""

from __future__ import annotations

import gc
import os

from enve_pm.app import carried, ondisk
from enve_pm.app.board import Board
from enve_pm.app.closing import Closing
from enve_pm.app.debts import Debts
from enve_pm.app.engine import Engine
from enve_pm.app.loaders import Loaders
from enve_pm.app.owner import Owner
from enve_pm.app.report import APPLIED, Load, Reports
from enve_pm.app.rollout import Rollout
from enve_pm.app.streams import Streams
from enve_pm.app.timed import Timed
from enve_pm.core.states import FAIL, STARTING_FAIL, STOPPED, UP
from enve_pm.core.unit import JOB, LOADER, PROCESS, RESOURCE, ROOMS, STAGE, TIMER
from enve_pm.core.unitstate import SHUTDOWN
from enve_pm.resource.jobs import JobUnits
from enve_pm.resource.makers import Makers
from enve_pm.resource.process import Processes
from enve_pm.resource.stageunits import StageUnits
from enve_pm.shell.events import pipes
from enve_pm.shell.events.light import signal
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.guard import program, subtree
from enve_pm.shell.log.logpipe import LogPipes
from enve_pm.shell.state.home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.app.report import Spots
    from enve_pm.resource.run import Run
    from enve_pm.shell.plan.accept import Acceptor

AT_REST = (STOPPED, STARTING_FAIL, FAIL)
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Pm:
    """home: its folder · input_fd, pipe_fd: the two pipes, opened by the watchdog (-1: none) ·
    pipe: the path of the signed one."""

    def __init__(
        self,
        home: str,
        input_fd: int = -1,
        pipe_fd: int = -1,
        pipe: str = "",
        system: System | None = None,
    ) -> None:
        self.system = system or System()
        self.input_fd = input_fd
        self.pipe_fd = pipe_fd
        self.pipe = pipe
        self.loop = Loop(self.system)
        self.home = Home(home, self.system, pipes.march_group() if pipe_fd >= 0 else -1)
        self.engine = Engine(self.loop, self.home)
        logger = program.argv(program.here(), "_logger")
        self.logs = LogPipes(self.loop, logger, self.home.log)
        self.board = Board(self.engine, self.home)
        self.owner = Owner(self.engine, self.home)
        self.reports = Reports(self.engine)
        self.rollout = Rollout(self.engine, self.home, self.reports)
        self.streams = Streams(self.loop, self.rollout, self.reports, self.board)
        self.debts = Debts(self.engine, self.home)
        self.closing = Closing(self.engine, self.board)
        runs = self.engine.runs
        self.processes = Processes(self.loop, self.home, self.logs, runs, self.engine.emit)
        self.jobs = JobUnits(self.processes, self.home, self.engine.emit, self.engine.active)
        self.makers = Makers(self.home, self.logs, runs, self.engine.emit)
        self.makers.known = self.engine.known
        self.stages = StageUnits(self.home, self.logs, self.processes, self.engine.emit)
        self.timed = Timed(self.engine, self.home)
        self.loaders = Loaders(self.engine, self.home, self.logs, self.processes)
        self._join()

    def _join(self) -> None:
        """Tell the parts of one another."""
        runs, engine = self.engine.runs, self.engine
        engine.kinds[PROCESS] = engine.kinds[RESOURCE] = self.processes
        engine.kinds[JOB] = self.jobs
        engine.kinds.update(dict.fromkeys(ROOMS, self.makers))
        engine.kinds[TIMER] = self.timed
        engine.kinds[LOADER] = self.loaders
        engine.kinds[STAGE] = self.stages
        self.stages.units = lambda: list(engine.machine.units)
        self.loaders.noted, self.loaders.acceptor = self.board.noted, lambda: self.acceptor
        self.timed.noted, self.timed.lasts = self.board.noted, self._lasts
        self.jobs.ends = self._ends
        checks = [self.owner.check, self.reports.check, self.timed.check]
        held = self.rollout.holding
        held.changed, self.board.held = self.board.changed, held.shown
        engine.turned = [self.board.keep_wants, held.look, *checks, self._stop_listening]
        runs.heir = self.processes.heir
        runs.over = self.over
        self.processes.noted = self.board.noted
        self.processes.active = engine.active
        self.rollout.manual = self.board.manual
        self.owner.set_by_hand = self.rollout.by_hand
        self.owner.settle = self.reports.settle = self.board.settle
        self.reports.loaded = self._loaded
        self.board.dropped = self._dropped
        self.board.clock_set = self.timed.look
        self.owner.verbs["shutdown"] = self._shutdown_asked
        for number in ENDS:
            self.loop.signal(number, self.closing.begin)

    @property
    def acceptor(self) -> Acceptor | None:
        return self.streams.acceptor

    # -- the life of a pm -------------------------------------------------------------------------
    def start(self, state: dict[str, Any] | None = None) -> None:
        """Make HOME ready and take up the units: those on disk, or, after a change of program,
        those that `state` (see `dump`) says. Raises OSError."""
        gc.disable()  # until `run`: all that is made now stays
        os.chdir("/")
        if state is None:
            self.system.seal()
            subtree.become_subreaper()  # a change of program changes nothing about that
        self.system.widen()
        self.home.make()
        if self.pipe_fd >= 0:
            self.streams.open(self.home.path, self.pipe, self.pipe_fd)
        if state is None:
            ondisk.begin(self)
        else:
            carried.resume(self, state)
        if self.input_fd >= 0:
            self.owner.listen(self.input_fd)
        self.streams.listen()
        self.board.begin()

    def run(self) -> int:
        """Turn until told to end. Returns the exit status."""
        gc.freeze()  # what is there now stays: no collection has to walk over it
        gc.enable()
        code = self.loop.run()
        self.processes.belongings.close()
        self.board.flush()
        self.logs.close()
        return code

    def helpers(self) -> list[int]:
        """Children of our own, beside all that runs for units: each ends when we do."""
        return [self.logs.pid, self.processes.belongings.holder]

    def load(self, job: str, lines: dict[str, str], march: bool) -> None:
        """These lines, and no others, are this pm's units from now on (see contracts, 2); `march`:
        also against what was set by hand. The job is answered when they have settled."""
        self.rollout.whole(lines, Load(job), march)

    def _loaded(self, job: str, verdict: str, spots: Spots) -> None:
        """A parent reads our states when it sees the answer: they must be there by then."""
        self.board.flush()
        bad = ["%s: %s" % (name, result) for name, (_, result) in spots.items() if result != "ok"]
        if verdict == APPLIED:
            self.owner.finish(job, 0)
        else:
            self.owner.finish(job, 3, "\n".join(bad[:20]))

    def over(self, run: Run) -> None:
        """A run has ended, with all that it had."""
        self.processes.over(run)
        self.jobs.over(run)
        self.makers.over(run, self.engine.active(run.unit))
        self.loaders.over(run)
        self.stages.over(run, self.engine.active(run.unit))

    def _lasts(self, name: str) -> bool:
        """Whether this unit, which stops, is to run again."""
        unit = self.engine.machine.units.get(name)
        return unit is not None and (unit.want == UP or self._ends(name))

    def _ends(self, name: str) -> bool:
        """Whether this unit is stopped because pm ends."""
        unit = self.engine.machine.units.get(name)
        return unit is not None and unit.asked_why == SHUTDOWN

    def _stop_listening(self) -> None:
        """For units that are down and shall be."""
        units = self.engine.machine.units
        self.processes.belongings.rest(
            lambda name: (
                name not in units or (units[name].want != UP and units[name].state in AT_REST)
            )
        )

    def _dropped(self, name: str) -> None:
        self.logs.drop(name)
        self.jobs.drop(name)
        self.timed.drop(name)
        self.loaders.drop(name)
        self.processes.belongings.drop(name)
        self.debts.forget(name)

    # -- ends, and other programs -----------------------------------------------------------------
    def _shutdown_asked(self, job: str, args: Any) -> None:
        self.owner.finish(job, 0, "pm is shutting down")
        self.closing.begin()

    @property
    def quiet(self) -> bool:
        """Nothing is half done: the program can be changed now. (The next one would not know that
        this is the end.)"""
        if self.board.closing:
            return False
        under_way = self.engine.busy() or not self.engine.runs.entrances.quiet
        return self.streams.quiet and self.rollout.quiet and not under_way

    def dump(self) -> tuple[dict[str, Any], list[int]]:
        """See `carried`."""
        return carried.dump(self)
