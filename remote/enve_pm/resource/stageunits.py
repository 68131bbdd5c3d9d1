"""Units of kind stage: each step is a child with the rights and limits of the unit, of a program
that pm never imports (`enve_fire`). The line comes on its stdin; why a step failed comes back on a
pipe, and is kept in jobs/ID/message."""

from __future__ import annotations

import os

from enve_pm.core import stages, states
from enve_pm.core.canonical import dumps
from enve_pm.core.effects import SpawnFailed
from enve_pm.core.unit import STAGE
from enve_pm.resource.run import Run
from enve_pm.resource.step import environment, output, whole
from enve_pm.shell.events.branch import rows
from enve_pm.shell.guard import program
from enve_pm.shell.process.spawn import SpawnError, code_name
from enve_pm.shell.state.artifacts import store
from enve_pm.shell.state.pending import REPLACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.process import Processes
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.state.home import Home

SAYS = 3  # the child's number of the pipe on which it says why
MESSAGE = 4096  # bytes of it


class StageUnits:
    """Starts the steps, and hears what they say."""

    def __init__(
        self, home: Home, logs: LogPipes, processes: Processes, emit: Callable[[Any], None]
    ) -> None:
        self._home = home
        self._logs = logs
        self._processes = processes
        self._emit = emit
        self.units: Callable[[], Iterable[str]] = tuple  # the names of all units of this pm
        self._said: dict[int, int] = {}  # by the number of the run: what it says is read from there

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step; say Spawned or SpawnFailed."""
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        try:
            self._launch(run, spec)
        except (SpawnError, OSError) as error:
            self._processes.over(run)
            reason = "exec:" + code_name(error) if isinstance(error, OSError) else error.reason
            self._emit(SpawnFailed(effect.unit, effect.run, reason))

    def _launch(self, run: Run, spec: UnitSpec) -> None:
        argv = program.stages(program.here(), "unit", run.step, self._place(spec))
        env = environment(spec, self._home, run.job)
        env["ENVE_STORE"] = store(self._home.path, spec.user)
        if run.step == states.MAKE:
            env["ENVE_USED"] = self._used(spec)
        line = rows(dumps(spec.raw))
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        good = False
        try:
            fds = {0: line, SAYS: writer, **output(spec, self._logs)}
            good = self._processes.launch(run, spec, env, fds, argv)
        finally:
            os.close(line)
            os.close(writer)
            if not good:
                os.close(reader)
        if good:
            self._said[run.number] = reader

    def _place(self, spec: UnitSpec) -> str:
        """The root that the product is installed into, in a folder that is the user's."""
        named = stages.split(spec.unit)
        if named is None or "/" in named.product:
            raise SpawnError("stage:no place is called " + spec.unit)
        spot = whole(self._home.spot(named.spot), spec.user)
        return str(spec.body.get("place", "%s/%s" % (spot, named.product)))

    def _used(self, spec: UnitSpec) -> str:
        """The versions that have units at the same spot: what runs may need one of them."""
        spot = stages.spot(spec.unit)
        found = {found for found in map(stages.split, self.units()) if found is not None}
        return ":".join(sorted({one.product for one in found if one.spot == spot}))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._processes.signal(effect, spec)

    def over(self, run: Run, spec: UnitSpec | None) -> None:
        """A run of any unit is over."""
        reader = self._said.pop(run.number, -1)
        if reader < 0:
            return
        try:
            said = os.read(reader, MESSAGE)
        except OSError:  # nothing was said, and what it left behind may still say it
            said = b""
        finally:
            os.close(reader)
        text = " ".join(said.decode("utf-8", "replace").split())
        if run.code and text and spec is not None and spec.kind == STAGE:
            run.why = text
            if self._home.jobs.exists(run.job):
                path = "%s/jobs/%s/message" % (self._home.path, run.job)
                self._home.pending.put(path, text.encode() + b"\n", REPLACED)
