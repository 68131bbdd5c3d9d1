"""Units of kind job: a command that runs once and keeps RUNNING.

Whether it has run is written in units/NAME/done: by which parameters, and since which boot. That is
its check; its make is the command; its undo takes the mark away, after which it can run again. The
end of pm takes no mark away from what it does not undo.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.canonical import dumps
from enve_pm.core.change import identity
from enve_pm.core.digest import sha256
from enve_pm.core.effects import Exited, Spawned
from enve_pm.core.unit import JOB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.process import Processes
    from enve_pm.resource.run import Run
    from enve_pm.shell.state.home import Home

MISSING = 1  # what the check of a job that has not run ends with


class JobUnits:
    """`active`: the parameters that are in force for a unit, if any are; `ends(unit)`: is it
    stopped only because pm ends?"""

    def __init__(
        self,
        processes: Processes,
        home: Home,
        emit: Callable[[Any], None],
        active: Callable[[str], UnitSpec | None],
    ) -> None:
        self.ends: Callable[[str], bool] = lambda unit: False
        self._processes = processes
        self._home = home
        self._emit = emit
        self._active = active
        self._marks: dict[str, str] = {}  # what `done` says, as far as it was asked

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step: the check at once, the others by a process."""
        if effect.step == states.CHECK:
            self._answer(effect, 0 if self._done(spec) else MISSING)
            return
        if effect.step == states.UNDO and (spec.undo or not self.ends(effect.unit)):
            self._set(effect.unit, "")
        if effect.step == states.UNDO and not spec.undo:
            self._answer(effect, 0)
        else:
            self._processes.spawn(effect, spec)

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._processes.signal(effect, spec)

    def over(self, run: Run) -> None:
        """A run of any unit is over."""
        spec = self._active(run.unit) if run.step == states.MAKE and run.code == 0 else None
        if spec is not None and spec.kind == JOB:
            self._set(run.unit, self._mark(spec))

    def drop(self, unit: str) -> None:
        self._marks.pop(unit, None)

    def _answer(self, effect: Spawn, code: int) -> None:
        self._emit(Spawned(effect.unit, effect.run, 0))
        self._emit(Exited(effect.unit, effect.run, code))

    def _done(self, spec: UnitSpec) -> bool:
        mark = self._marks.get(spec.unit)
        if mark is None:
            mark = self._marks[spec.unit] = self._home.done(spec.unit)
        what, _, boot = mark.partition(" ")
        wanted, _, now = self._mark(spec).partition(" ")
        return what == wanted and (spec.each == "change" or boot == now)

    def _mark(self, spec: UnitSpec) -> str:
        return sha256(dumps(identity(spec))).hexdigest() + " " + self._home.system.boot()

    def _set(self, unit: str, mark: str) -> None:
        self._marks[unit] = mark
        self._home.set_done(unit, mark)
