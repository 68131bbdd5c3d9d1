"""Units of kind loader: they bring signed streams from elsewhere, again and again.

Armed is what they are made to be. A look is the check of an armed one: a child with the rights of
the unit brings a stream (`enve_pm.loader`), the acceptor judges it, and the check ends by that. It
is asked for when it is due, so what fails is shown like any resource that is not as it should be;
nothing waits for it, and no two wait for each other.
"""

from __future__ import annotations

import os

from enve_pm.core import brought, loaderbody, states
from enve_pm.core.canonical import dumps
from enve_pm.core.effects import Exited, Recheck, Spawned, SpawnFailed
from enve_pm.core.refusal import Refused
from enve_pm.resource.run import Run
from enve_pm.resource.step import environment, output
from enve_pm.shell.events.branch import rows
from enve_pm.shell.guard import program
from enve_pm.shell.plan.delivery import ENDED, Delivery
from enve_pm.shell.process.spawn import SpawnError, code_name, whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.base import Runs
    from enve_pm.resource.process import Processes
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.plan.accept import Acceptor
    from enve_pm.shell.state.home import Home

    Stamp = list[int]

UNARMED = 1  # what the check of one that is not armed ends with
SOON = 1000  # ms
MARGIN = 2000  # ms of a look's time that are left for the judgement
INBOX = "/.inbox"
LATE = "it is not done in time"


class Armed:
    """One loader. due: of the next look, our ms; failures: in a row; stamp: of the file that was
    brought last; number: the run of the look under way, 0: none; sure: pm has judged what was
    brought last, and found it good; took: the words of the last plan that was new."""

    __slots__ = ("body", "due", "failures", "number", "stamp", "sure", "timer", "took")

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.due = self.failures = self.number = 0
        self.stamp: Stamp = []
        self.sure = False
        self.took = ""
        self.timer: Timer | None = None


CARRIED = ("due", "failures", "stamp", "sure", "took")


class LoaderUnits:
    """`acceptor`: who judges, None in a pm without a signed pipe; `noted(name, text)` shows what
    came of the last look."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        loop: Loop,
        home: Home,
        logs: LogPipes,
        runs: Runs,
        processes: Processes,
        emit: Callable[[Any], None],
    ) -> None:
        self.acceptor: Acceptor | None = None
        self.noted: Callable[[str, str], None] = lambda name, text: None
        self._loop = loop
        self._home = home
        self._logs = logs
        self._runs = runs
        self._processes = processes
        self._emit = emit
        self._armed: dict[str, Armed] = {}
        self._open: dict[int, Delivery] = {}  # by the number of their run

    # -- what the machine asks for -----------------------------------------------------------------
    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step: all but a look is done at once."""
        armed = self._armed.get(effect.unit)
        if effect.step == states.CHECK and effect.run != self._runs.number_of(effect.unit):
            self._look(effect, spec)
            return
        if effect.step == states.MAKE:
            self._arm(effect.unit, Armed(spec.body))
        elif effect.step == states.UNDO:
            self.drop(effect.unit)
            self.noted(effect.unit, "")
        self._emit(Spawned(effect.unit, effect.run, 0))
        there = effect.step != states.CHECK or armed is not None
        self._emit(Exited(effect.unit, effect.run, 0 if there else UNARMED))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._processes.signal(effect, spec)

    def drop(self, name: str) -> None:
        armed = self._armed.pop(name, None)
        if armed is not None and armed.timer is not None:
            self._loop.cancel(armed.timer)

    # -- when --------------------------------------------------------------------------------------
    def _arm(self, name: str, armed: Armed, wait: int = 0) -> None:
        self.drop(name)
        self._armed[name] = armed
        self._wait(name, armed, wait)

    def _wait(self, name: str, armed: Armed, wait: int) -> None:
        if armed.timer is not None:
            self._loop.cancel(armed.timer)
        armed.due = self._loop.system.now() + wait
        armed.timer = self._loop.at(armed.due, lambda: self._due(name, armed))

    def _due(self, name: str, armed: Armed) -> None:
        """Ask for a look. None comes of it while the unit is on its way to be up, or down: soon
        there is a next time. And should a look have no end, there is one too."""
        armed.timer = None
        spec = self._processes.active(name)
        asks = spec is not None and not armed.number and self._changed(armed, spec)
        if asks:
            self._emit(Recheck(name))
        self._wait(name, armed, SOON if asks else loaderbody.every(armed.body))

    def _changed(self, armed: Armed, spec: UnitSpec) -> bool:
        """Of a file, whether it is another one than the one that was good."""
        if loaderbody.FILE not in armed.body:
            return True
        return not armed.sure or self._stamp(armed, spec) != armed.stamp

    def _stamp(self, armed: Armed, spec: UnitSpec) -> Stamp:
        """What tells a file from another one; looked at with the rights of the unit."""
        path = os.path.join(self._home.spot(spec.unit), armed.body[loaderbody.FILE])
        found: list[os.stat_result] = []
        try:
            who = whom(spec.user, spec.group)
            self._loop.system.acting(who, lambda: found.append(os.stat(path)))
        except (OSError, SpawnError):
            return []
        return [found[0].st_dev, found[0].st_ino, found[0].st_size, found[0].st_mtime_ns]

    # -- one look ----------------------------------------------------------------------------------
    def _look(self, effect: Spawn, spec: UnitSpec) -> None:
        armed = self._armed.setdefault(effect.unit, Armed(spec.body))
        try:
            if self.acceptor is None:
                raise SpawnError("loader:this pm takes no signed streams")
            if loaderbody.FILE in armed.body:
                armed.stamp = self._stamp(armed, spec)
            self._launch(effect, spec, armed, self.acceptor)
        except (SpawnError, Refused) as error:
            self._failed(effect, armed, error.reason)
        except OSError as error:
            self._failed(effect, armed, "exec:" + code_name(error))

    def _failed(self, effect: Spawn, armed: Armed, reason: str) -> None:
        self._rest(effect.unit, armed, good=False)
        self._emit(SpawnFailed(effect.unit, effect.run, reason))

    def _launch(self, effect: Spawn, spec: UnitSpec, armed: Armed, acceptor: Acceptor) -> None:
        asked = rows(dumps(self._asked(spec, armed, acceptor.node())))
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        delivery = Delivery(self._loop, acceptor, self._home.spot(spec.unit) + INBOX)
        try:
            fds = {0: asked, **output(spec, self._logs), **delivery.fds}
            env = environment(spec, self._home, run.job)
            argv = program.argv(program.here(), "_load")
            if self._processes.launch(run, spec, env, fds, argv):
                armed.number, self._open[run.number] = run.number, delivery
                self._wait(effect.unit, armed, loaderbody.every(armed.body))
                delivery.begin()
            else:
                delivery.close()
                self._rest(effect.unit, armed, good=False)
        except BaseException:
            self._processes.over(run)
            delivery.close()
            raise
        finally:
            os.close(asked)

    def _asked(self, spec: UnitSpec, armed: Armed, node: str) -> dict[str, Any]:
        """See `loader.main`."""
        keys = (*loaderbody.SOURCES, "ca")
        return {
            "node": node,
            "folder": self._home.spot(spec.unit),
            "size": armed.body.get("size", loaderbody.SIZE),
            "ms": max(spec.start_timeout - MARGIN, spec.start_timeout // 2, 1),
            "again": armed.sure,
            "source": {key: armed.body[key] for key in keys if key in armed.body},
        }

    def over(self, run: Run) -> None:
        """A run of any unit is over."""
        delivery = self._open.pop(run.number, None)
        if delivery is None:
            return
        delivery.ended()
        run.why = LATE if run.asked and delivery.text == ENDED else delivery.text
        if not delivery.good:
            run.code = run.code or UNARMED
        armed = self._armed.get(run.unit)
        if armed is not None and armed.number == run.number:
            armed.number = 0
            self._rest(run.unit, armed, good=delivery.good and run.code == 0)
            if armed.sure:
                self._note(run.unit, armed, delivery.text)

    def _note(self, name: str, armed: Armed, text: str) -> None:
        if text.startswith(brought.NEWS):
            last = armed.took if armed.took.partition(" ")[2] not in text else ""
            self.noted(name, text + ("; last " + last if last else ""))
        else:
            armed.took = text
            self.noted(name, text)

    def _rest(self, name: str, armed: Armed, good: bool) -> None:
        """Until the next look."""
        armed.sure, armed.failures = good, 0 if good else armed.failures + 1
        below = self._loop.system.below
        wait = brought.rest(loaderbody.every(armed.body), armed.failures, below(1000))
        self._wait(name, armed, wait + (below(loaderbody.jitter(armed.body) + 1) if good else 0))

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        """A look under way ends by itself, without a word (see `loader.main`)."""
        return [[name, *(getattr(a, key) for key in CARRIED)] for name, a in self._armed.items()]

    def restore(self, rows: list[list[Any]], active: Callable[[str], UnitSpec | None]) -> None:
        for name, *values in rows:
            spec = active(name)
            if spec is not None:
                armed = Armed(spec.body)
                for key, value in zip(CARRIED, values):  # noqa: B905
                    setattr(armed, key, value)
                self._arm(name, armed, max(0, armed.due - self._loop.system.now()))
