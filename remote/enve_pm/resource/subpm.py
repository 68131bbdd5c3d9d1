"""Units of kind subpm: a pm of its own below this one, with the same program.

Down go bytes on a pipe that we made and handed over: commands, and `load HASH` (see `definitions`).
Up comes a byte on another pipe: "look again" (see `lookout`).
"""

from __future__ import annotations

import os

from enve_pm.core import states, walls
from enve_pm.core.effects import SpawnFailed
from enve_pm.resource import child
from enve_pm.resource.child import OWED, SubPm
from enve_pm.resource.definitions import Definitions
from enve_pm.resource.lodging import Lodging, lodging, make, open_input
from enve_pm.resource.lookout import Lookout
from enve_pm.resource.rooms import walled
from enve_pm.resource.run import Run
from enve_pm.resource.step import describe, environment, output
from enve_pm.shell.complain import complain
from enve_pm.shell.events import pipes
from enve_pm.shell.guard import program
from enve_pm.shell.process.spawn import Order, SpawnError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.base import Runs
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.state.home import Home

INPUT_FD, TELL_FD = 3, 4  # the sub-pm's numbers


class SubPms:
    """All sub-pms of this pm, whose kind (see `core.nesting`) is `own`. `down`, `up`: what goes
    to them, and what comes from them."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        loop: Loop,
        home: Home,
        logs: LogPipes,
        runs: Runs,
        emit: Callable[[Any], None],
        own: str,
    ) -> None:
        self._loop = loop
        self._home = home
        self._logs = logs
        self._runs = runs
        self._emit = emit
        self._own = own
        self._subs: dict[str, SubPm] = {}
        self.active: Callable[[str], UnitSpec | None] = lambda unit: None  # parameters in force
        self.down = Definitions(loop, home, self._subs)
        self.up = Lookout(loop, home, runs, emit, self._subs)

    # -- what the machine asks for -----------------------------------------------------------------
    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Start it; say Spawned or SpawnFailed."""
        sub = self._subs.setdefault(effect.unit, SubPm())
        try:
            place = self._prepare(sub, spec)
            self._launch(sub, place, effect, spec)
        except SpawnError as error:
            self._emit(SpawnFailed(effect.unit, effect.run, error.reason))
        except OSError as error:
            reason = f"home:{error.strerror}: {error.filename or spec.unit}"
            self._emit(SpawnFailed(effect.unit, effect.run, reason))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self._runs.signal(effect.unit, effect.run, effect.signal, effect.tree)

    def _prepare(self, sub: SubPm, spec: UnitSpec) -> Lodging:
        users = {name: other.user for name, other in self._subs.items() if other is not sub}
        place = lodging(self._home.path, spec, users, self._own)
        make(self._home.path, place)
        sub.close(self._loop)
        sub.lodging, sub.user, sub.input = place, spec.user, open_input(place)
        if sub.lines or sub.plan:
            self.down.place(spec.unit, sub)
        return place

    def _launch(self, sub: SubPm, place: Lodging, effect: Spawn, spec: UnitSpec) -> None:
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        env = environment(spec, self._home, run.job)
        sub.tell, writer = os.pipe()
        its = -1
        try:
            its = pipes.opened_again(sub.input)
            os.set_blocking(sub.tell, False)
            os.set_blocking(writer, False)
            fds = {**output(spec, self._logs), INPUT_FD: its, TELL_FD: writer}
            order = self._order(place, spec, env, fds)
            parameter = describe(run, order.argv, self._home.system.wall())
            sub.alive = self._runs.launch(run, order, parameter)
            sub.number = run.number
        finally:
            os.close(writer)
            if its >= 0:
                os.close(its)
        self.up.watch(effect.unit, sub)

    def _order(
        self, place: Lodging, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]
    ) -> Order:
        mode = walls.kind(spec.mode, spec.room) if spec.room else spec.mode
        words = ["run", "--sub", "--mode", mode, "--home", place.home, "--feed", place.feed]
        words += ["--input-fd", str(INPUT_FD), "--tell-fd", str(TELL_FD)]
        order = Order(program.argv(program.here(), *words), env, fds)
        order.user = spec.user if place.uid != os.geteuid() else ""
        order.room = walled(spec, place, self._home, self.active)
        order.nice, order.rlimits, order.umask = spec.nice, spec.rlimits, spec.umask
        return order

    # -- ends --------------------------------------------------------------------------------------
    def over(self, run: Run) -> None:
        """A run of a sub-pm is over."""
        sub = self._subs.get(run.unit)
        if sub is not None and run.step == states.START:
            sub.alive = False
            sub.close(self._loop)
            self.up.publish(run.unit)
            self.up.told(run.unit)

    def drop(self, name: str) -> None:
        """The unit is gone for good."""
        sub = self._subs.pop(name, None)
        if sub is not None:
            sub.close(self._loop)
            self.up.forget(name)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        return {name: sub.dump() for name, sub in self._subs.items()}

    def restore(self, rows: dict[str, Any]) -> None:
        """Go on with the pipes of the program before, and hand the new program down."""
        for name, row in rows.items():
            sub = self._subs[name] = child.restore(row)
            self.up.watch(name, sub)
            if sub.alive and sub.lodging is not None:
                self._open_again(name, sub.lodging)
                self.down.send(name, self._home.jobs.new(), "reexec", (program.here(),))
            if sub.plan == OWED:
                self.down.hand_down(name, sub)

    def _open_again(self, name: str, place: Lodging) -> None:
        """HOME has its own modes again. Whatever a sub-pm's user has done there, we go on."""
        try:
            make(self._home.path, place)
        except OSError as error:
            complain(f"pm: {name}: {error}")

    def fds(self) -> list[int]:
        return [fd for sub in self._subs.values() for fd in (sub.input, sub.tell) if fd >= 0]
