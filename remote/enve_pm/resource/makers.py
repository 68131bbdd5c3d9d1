"""Units whose check, make and undo are pm's own: each step is a child that runs `_do` (see
`enve_pm.maker`)."""

from __future__ import annotations

import os

from enve_pm.core import rootpath, states, walls
from enve_pm.core.canonical import dumps
from enve_pm.core.effects import SpawnFailed
from enve_pm.core.unit import ROOMS, SUBPM, SUBROOT
from enve_pm.resource.run import Run
from enve_pm.resource.step import describe, environment, output
from enve_pm.shell.events.branch import rows
from enve_pm.shell.guard import program
from enve_pm.shell.process.spawn import Order, SpawnError, code_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.base import Runs
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.state.home import Home

TOLD = ("pm's own work",)  # in the place of a command that tells nobody anything
MESSAGE = 4096  # bytes that are read of what a step says


class Makers:
    """Starts the steps, and hears what they say. `known`: the parameters of a unit of this pm."""

    def __init__(self, home: Home, logs: LogPipes, runs: Runs, emit: Callable[[Any], None]) -> None:
        self._home = home
        self._logs = logs
        self._runs = runs
        self._emit = emit
        self.known: Callable[[str], UnitSpec | None] = lambda unit: None

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step; say Spawned or SpawnFailed."""
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        try:
            self._launch(run, spec)
        except SpawnError as error:
            self._emit(SpawnFailed(effect.unit, effect.run, error.reason))
        except OSError as error:
            self._emit(SpawnFailed(effect.unit, effect.run, "exec:" + code_name(error)))

    def _launch(self, run: Run, spec: UnitSpec) -> None:
        argv = program.argv(program.here(), "_do", run.step, self._home.path)
        env = environment(spec, self._home, run.job, own=True)
        roots = self._roots(run.step, spec)
        line = rows(dumps(spec.raw) + (b"\n" + dumps(roots) if roots else b""))
        try:
            order = Order(argv, env, {0: line, **output(spec, self._logs)})
            self._runs.launch(run, order, describe(run, TOLD, self._home.system.wall()))
        finally:
            os.close(line)

    def _roots(self, step: str, spec: UnitSpec) -> dict[str, Any]:
        """{unit that the line names: see `_root`}; nothing has to be undone in one that is gone.
        Raises SpawnError."""
        roots = {}
        for key, name in rootpath.units(spec.body).items():
            roots[name] = root = self._root(name)
            if step == states.UNDO:
                continue
            if not root:
                raise SpawnError("root:%s has none that may be shown" % name)
            if key == rootpath.AT and "pm" in root:
                raise SpawnError("root:%s is a pm: wanted the subroot that it enters" % name)
        return roots

    def _root(self, name: str) -> dict[str, Any]:
        """Where a root stands, and the body of its line; or a nested pm's first process, and its
        start."""
        spec = self.known(name)
        if spec is not None and spec.kind == SUBROOT:
            at = os.path.join(self._home.spot(name), spec.body["at"])
            return {"at": at, "body": spec.body}
        if spec is None or spec.kind != SUBPM or not walls.sees(spec.mode, spec.room):
            return {}
        run = self._runs.start_of(name)
        return {"pm": [run.main, run.start] if run is not None else [0, 0]}

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._runs.signal(effect.unit, effect.run, effect.signal, effect.tree)

    def over(self, run: Run, spec: UnitSpec | None) -> None:
        """A run is over; `spec`: the parameters that are in force for its unit."""
        if run.code and spec is not None and spec.kind in ROOMS:
            run.why = self._why(run.job)

    def _why(self, job: str) -> str:
        path = "%s/jobs/%s/message" % (self._home.path, job)
        try:
            text = self._home.system.read_regular(path, MESSAGE)
        except OSError:
            return ""
        return " ".join(text.decode("utf-8", "replace").split())
