"""Pm: one process manager. Puts the machine, the loop, HOME, the pipes and the kinds together."""

from __future__ import annotations

import os
import sys

from enve_pm.app.board import Board
from enve_pm.app.engine import Engine
from enve_pm.app.owner import Owner
from enve_pm.app.report import APPLIED, Load, Reports
from enve_pm.app.rollout import PLAN, Rollout, read_line
from enve_pm.core import states
from enve_pm.core.effects import Define, Want
from enve_pm.core.machine import Machine
from enve_pm.core.refusal import FormatError, Refused
from enve_pm.core.unit import PROCESS, RESOURCE, UnitError
from enve_pm.resource.process import Processes
from enve_pm.resource.run import restore
from enve_pm.shell import pipes, program, subtree
from enve_pm.shell.home import Home
from enve_pm.shell.light import signal
from enve_pm.shell.logpipe import LogPipes
from enve_pm.shell.loop import Loop
from enve_pm.shell.survivor import kill_survivors
from enve_pm.shell.system import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.app.report import Spots
    from enve_pm.shell.accept import Acceptor
    from enve_pm.shell.home import Kept

STATE_VERSION = 1
SPOKEN = (1,)  # versions of the state that this program goes on with
READ = 262144  # bytes of the signed pipe taken in one turn
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MARGIN = 6000  # ms beyond the longest stop timeout, then pm ends whatever is left


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
        self.acceptor: Acceptor | None = None
        runs = self.engine.runs
        self.processes = Processes(self.loop, self.home, self.logs, runs, self.engine.emit)
        self._join()

    def _join(self) -> None:
        """Tell the parts of one another."""
        runs, engine = self.engine.runs, self.engine
        engine.kinds[PROCESS] = engine.kinds[RESOURCE] = self.processes
        engine.turned = [self.board.keep_wants, self.owner.check, self.reports.check]
        runs.heir = self.processes.heir
        runs.over = self.processes.over
        self.processes.noted = self.board.noted
        self.rollout.manual = self.board.manual
        self.owner.set_by_hand = self.rollout.by_hand
        self.reports.loaded = self._loaded
        self.board.dropped = self._dropped
        self.owner.verbs["shutdown"] = self._shutdown_asked
        for number in ENDS:
            self.loop.signal(number, self.shutdown)

    # -- the life of a pm -------------------------------------------------------------------------
    def start(self, state: dict[str, Any] | None = None) -> None:
        """Make HOME ready and take up the units: those on disk, or, after a change of program,
        those that `state` (see `dump`) says. Raises OSError."""
        os.chdir("/")
        self.system.seal()
        self.system.widen()
        subtree.become_subreaper()
        self.home.make()
        self._open()
        if state is None:
            self._begin()
        else:
            self._resume(state)
        if self.input_fd >= 0:
            self.owner.listen(self.input_fd)
        if self.acceptor is not None:
            self.loop.watch(self.pipe_fd, self._feed)
            self.board.kept()
        self.board.begin()

    def run(self) -> int:
        """Turn until told to end. Returns the exit status."""
        code = self.loop.run()
        self.board.flush()
        return code

    def _begin(self) -> None:
        killed, left = kill_survivors(self.system, self.home.jobs.earlier())
        if killed or left:
            note = "pm: killed %d processes of an earlier pm" % killed
            note += "; still there: %s" % " ".join(map(str, left)) if left else ""
            print(note, file=sys.stderr, flush=True)
        self.board.wants = _wants(self.home)
        for kept in self.home.units():
            self.engine.feed(self._known(kept))
        if self.acceptor is not None:
            self._catch_up(self.acceptor)

    def _known(self, kept: Kept) -> list[Any]:
        """A unit that the disk knows; a line that cannot be read is left to the plan."""
        try:
            spec = read_line(kept.line)
        except (FormatError, UnitError) as error:
            print("pm: unit %s on disk: %s" % (kept.name, error), file=sys.stderr, flush=True)
            return []
        name = spec.unit
        self.rollout.know(kept._replace(name=name))
        by_hand = self.board.manual(name)
        planned = [Define(name, spec), Want(name, spec.want, PLAN)]
        return planned if by_hand is None else [*planned, by_hand]

    def load(self, job: str, lines: dict[str, str]) -> None:
        """These lines, and no others, are this pm's units from now on (see contracts, 2). The job
        is answered when they have settled."""
        self.rollout.whole(lines, Load(job))

    def _loaded(self, job: str, verdict: str, spots: Spots) -> None:
        """A parent reads our states when it sees the answer: they must be there by then."""
        self.board.flush()
        bad = ["%s: %s" % (name, result) for name, (_, result) in spots.items() if result != "ok"]
        if verdict == APPLIED:
            self.owner.finish(job, 0)
        else:
            self.owner.finish(job, 3, "\n".join(bad[:20]))

    def _dropped(self, name: str) -> None:
        self.logs.drop(name)

    # -- the signed pipe --------------------------------------------------------------------------
    def _open(self) -> None:
        if self.pipe_fd < 0:
            return
        from enve_pm.shell.accept import Acceptor

        acceptor = Acceptor(self.home.path, self.pipe, self.system, self.loop, self.rollout.apply)
        self.acceptor = acceptor
        self.reports.report = acceptor.progress
        self.board.kept = lambda: acceptor.set_manual(frozenset(self.board.wants))
        acceptor.start()

    def _catch_up(self, acceptor: Acceptor) -> None:
        """A part may have been accepted by an earlier pm and not brought into force."""
        if self._bring_in(acceptor):
            for accepted in acceptor.unfinished():
                self.rollout.apply(accepted)

    def _bring_in(self, acceptor: Acceptor) -> bool:
        """Run what is held and laid out. False: the blueprint cannot be read, so what the plans
        allow cannot be told, and everything stays as it is."""
        try:
            self.rollout.whole(acceptor.wanted())
        except Refused:
            return False
        return True

    def look_again(self) -> None:
        """Deploy has laid down trust/ anew: show it, and run what it allows. Each stream is judged
        by what stands there."""
        if self.acceptor is not None:
            self.acceptor.reload()
            self._bring_in(self.acceptor)

    def _feed(self) -> None:
        try:
            data = os.read(self.pipe_fd, READ)
        except BlockingIOError:
            return
        if self.acceptor is not None:
            self.acceptor.feed(data)

    # -- the end ----------------------------------------------------------------------------------
    def _shutdown_asked(self, job: str, args: Any) -> None:
        self.owner.finish(job, 0, "pm is shutting down")
        self.shutdown()

    def shutdown(self) -> None:
        """Stop every unit in order, then end; wants stay as they are on disk."""
        if self.board.closing:
            return
        self.board.closing = True
        units = self.engine.machine.units
        self.engine.feed([Want(name, states.DOWN, "shutdown") for name in units])
        longest = max((unit.spec.stop_timeout for unit in units.values()), default=0)
        self.loop.at(self.system.now() + longest + MARGIN, lambda: self.loop.stop(0))
        self.engine.turned.append(self._stopped)
        self.loop.at(self.system.now(), self._stopped)

    def _stopped(self) -> None:
        down = (states.STOPPED, states.FAIL, states.STARTING_FAIL)
        over = all(unit.state in down for unit in self.engine.machine.units.values())
        if over and not self.engine.busy():
            self.loop.stop(0)

    # -- a change of program ----------------------------------------------------------------------
    @property
    def quiet(self) -> bool:
        """Nothing is half done: the program can be changed now."""
        judging = self.acceptor is not None and not self.acceptor.quiet
        return not judging and self.rollout.quiet and not self.engine.busy()

    def dump(self) -> tuple[dict[str, Any], list[int]]:
        """All that is not on disk, and the descriptors that must keep their numbers."""
        self.home.pending.flush()
        runs = self.engine.runs
        watches = [[run.unit, run.number, run.watch.dump()] for run in runs.all() if run.watch]
        fds = [fd for run in runs.all() if run.watch for fd in run.watch.fds()]
        state = {
            "v": STATE_VERSION,
            "machine": self.engine.machine.dump(),
            "runs": runs.dump(),
            "watches": watches,
            "logs": self.logs.dump(),
            "wants": self.board.wants,
            "notes": self.board.notes,
            "goals": self.owner.dump(),
            "marches": self.reports.dump(),
        }
        own = [fd for fd in (self.input_fd, self.pipe_fd) if fd >= 0]
        return state, own + fds + self.logs.fds()

    @staticmethod
    def check(state: dict[str, Any]) -> None:
        """Raise if this program cannot go on with that state; changes nothing."""
        if state["v"] not in SPOKEN:
            raise ValueError("state of version %r, spoken: %s" % (state["v"], SPOKEN))
        Machine.load(state["machine"], 0)
        for row in state["runs"]:
            restore(row)

    def _resume(self, state: dict[str, Any]) -> None:
        self.engine.machine = Machine.load(state["machine"], self.system.now())
        self.engine.runs.restore(state["runs"])
        for unit, number, watch in state["watches"]:
            run = self.engine.runs.get(unit, number)
            if run is not None:
                self.processes.resume(run, watch)
        self.logs.restore(state["logs"])
        self.board.wants = state["wants"]
        self.board.notes = state["notes"]
        self.owner.restore(state["goals"])
        self._follow(state["marches"])
        for kept in self.home.units():
            self.rollout.know(kept)
        for name in self.engine.machine.units:
            self.board.changed(name)
        for _ in self.home.jobs.earlier():
            continue  # only for the pruning: its processes are ours

    def _follow(self, marches: list[Any]) -> None:
        """Go on reporting to who waits for a march."""
        from enve_pm.shell.answers import Accepted

        self.reports.restore(marches, Accepted)


def _wants(home: Home) -> dict[str, str]:
    try:
        return home.wants()
    except (OSError, FormatError) as error:
        print("pm: the wants set by hand are lost: %s" % error, file=sys.stderr, flush=True)
        return {}
