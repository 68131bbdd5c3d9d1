"""Units of kind process: their command, its readiness, their check and their reload command."""

from __future__ import annotations

import os

from enve_pm.core import states
from enve_pm.core.effects import Exited, Ready, Silent, Spawned, SpawnFailed
from enve_pm.core.starting import ANNOUNCED
from enve_pm.resource.base import NO_HEIR
from enve_pm.resource.belongings import Belongings
from enve_pm.resource.questions import Questions, asked
from enve_pm.resource.rooms import room
from enve_pm.resource.run import Run
from enve_pm.resource.step import cwd, describe, environment, order, output
from enve_pm.shell.process.spawn import SpawnError, code_name, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.base import Runs
    from enve_pm.resource.readiness import Box, Datagram
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.state.home import Home


class Processes:
    """Turns Spawn and Signal effects into processes, and their news into events."""

    def __init__(
        self, loop: Loop, home: Home, logs: LogPipes, runs: Runs, emit: Callable[[Any], None]
    ) -> None:
        self._loop = loop
        self._home = home
        self._logs = logs
        self._runs = runs
        self._emit = emit
        self.questions = Questions(loop, home, emit)
        self.belongings = Belongings(loop, home)
        self.noted: Callable[[str, str], None] = lambda unit, text: None  # STATUS= of sd_notify
        self.active: Callable[[str], UnitSpec | None] = lambda unit: None  # its parameters in force

    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        """Do the step, and say Spawned or SpawnFailed."""
        if effect.step == states.RELOAD_STEP and "signal" in spec.reload:
            self._reload_by_signal(effect, spec)
            return
        question = asked(effect, spec)
        if question is not None:
            self.questions.ask(effect, spec, question)
            return
        run = Run(effect.unit, effect.run, effect.step, self._home.jobs.new())
        try:
            env = environment(spec, self._home, run.job)
            fds = output(spec, self._logs)
            self.launch(run, spec, env, fds)
        except (SpawnError, OSError) as error:
            self.over(run)
            reason = "exec:" + code_name(error) if isinstance(error, OSError) else error.reason
            self._emit(SpawnFailed(effect.unit, effect.run, reason))

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        if not self.questions.cancel(effect.run):
            self._runs.signal(effect.unit, effect.run, effect.signal, effect.tree)

    def _reload_by_signal(self, effect: Spawn, spec: UnitSpec) -> None:
        """No process of its own: the signal is sent, and that was the step."""
        pid = self._main(effect.unit)
        if not pid:
            self._emit(SpawnFailed(effect.unit, effect.run, "reload:nothing runs"))
            return
        self._runs.tell(effect.unit, spec.reload["signal"])
        self._emit(Spawned(effect.unit, effect.run, pid))
        self._emit(Exited(effect.unit, effect.run, 0))

    def _main(self, unit: str) -> int:
        run = self._runs.start_of(unit)
        return run.main if run is not None else 0

    def launch(
        self,
        run: Run,
        spec: UnitSpec,
        env: dict[str, str],
        fds: dict[int, int],
        argv: Sequence[str] = (),
    ) -> bool:
        """With the unit's rights and limits; argv: another command than the step's own. False: that
        it does not run has been told. Raises SpawnError, OSError."""
        its = self._prepare(run, spec, env, fds) if run.step == states.START else -1
        try:
            made = order(spec, self._home, argv, env, fds)  # the spot's folder is there
            made.argv = argv or self._command(run, spec, env)
            self.belongings.give(run, spec, env, fds)
            log = self._home.log(spec.unit) if run.step == states.START else ""
            parameter = describe(run, made.argv, self._loop.system.wall(), log)
            main = self._runs.start_of(run.unit)
            made.room = room(spec, run.step, self._home, self.active, main)
            self.belongings.limit(run, made.room)
            good = self._runs.launch(run, made, parameter)
            if not good:
                self.belongings.over(run)
        finally:
            if its >= 0:
                os.close(its)
            self.belongings.given()
        if run.watch is not None:
            run.watch.begin() if good else run.watch.close()
        return good

    def _command(self, run: Run, spec: UnitSpec, env: dict[str, str]) -> Sequence[str]:
        if run.step == states.RELOAD_STEP:
            env["MAINPID"] = str(self._loop.system.inside(self._main(run.unit)))
            return list(spec.reload["command"])
        if run.step == states.START and spec.watchdog and spec.room:
            env["WATCHDOG_USEC"] = str(1000 * spec.watchdog)  # the way in says WATCHDOG_PID
        elif run.step == states.START and spec.watchdog:
            find(spec.command[0], env["PATH"], order(spec, self._home, (), env, {}).cwd)
            env["WATCHDOG_USEC"] = str(1000 * spec.watchdog)
            return ["/bin/sh", "-c", WATCHED, *spec.command]
        return COMMANDS[run.step](spec)

    # -- readiness ---------------------------------------------------------------------------------
    def _prepare(self, run: Run, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]) -> int:
        """Get ready to hear that it is ready. Returns a descriptor to close after the launch."""
        how = spec.ready["how"]
        if how not in ANNOUNCED:
            return -1
        from enve_pm.resource.readiness import Box, Line, PidFile  # most units announce nothing

        if how == "pidfile":
            folder = os.path.join(self._home.spot(spec.unit), spec.cwd)
            path = os.path.join(folder, spec.ready["path"])
            run.watch = PidFile(self._loop, self._runs, run, path, self._found)
        elif how == "notify":
            heard = Box(_uid(spec.user), limit=spec.watchdog)
            if "net" in spec.room:  # abstract sockets end where a network ends
                cwd(spec, self._home)  # its folder is there
                heard = heard._replace(address=self._home.spot(spec.unit) + "/.notify")
            run.watch = self._datagram(run, heard)
            env["NOTIFY_SOCKET"] = run.watch.notify.address
        else:
            ours, its = os.pipe()
            os.set_blocking(ours, False)
            fds[spec.ready["fd"]] = its
            run.watch = Line(self._loop, run, ours, self._found)
            return its
        return -1

    def _datagram(self, run: Run, box: Box) -> Datagram:
        from enve_pm.resource.readiness import Datagram

        watch = Datagram(self._loop, self._runs, run, box, self._found)
        watch.status = lambda run, text: self.noted(run.unit, text)
        watch.silent = lambda run, why: self._emit(Silent(run.unit, run.number, why))
        return watch

    def _found(self, run: Run, pid: int) -> None:
        self._runs.entrances.hear(run)
        if not run.ready:
            run.ready = True
            self._runs.announce(run, pid)
            self._emit(Ready(run.unit, run.number, pid))

    def heir(self, run: Run) -> int:
        """See `Runs`: only a START that announces a main process may hand over to a daemon."""
        return NO_HEIR if run.watch is None else int(run.watch.heir())

    def over(self, run: Run) -> None:
        self.belongings.over(run)
        if run.watch is not None:
            run.watch.close()
            run.watch = None

    def resume(self, run: Run, watch: dict[str, Any] | None) -> None:
        """After a change of program: wait on for what the run has not announced yet."""
        if watch is None:
            return
        from enve_pm.resource.readiness import Box, Line, PidFile

        if watch["kind"] == "pidfile":
            run.watch = PidFile(self._loop, self._runs, run, watch["path"], self._found)
        elif watch["kind"] == "notify":
            main, limit = watch.get("main", 0), watch.get("limit", 0)
            run.watch = self._datagram(
                run, Box(watch["uid"], watch["address"], watch["fd"], main, limit)
            )
            if run.ready:
                run.watch.alive()
        elif watch["fd"] >= 0:
            run.watch = Line(self._loop, run, watch["fd"], self._found)
        if run.watch is not None and not run.ready:
            run.watch.begin()


COMMANDS: dict[str, Callable[[UnitSpec], Sequence[str]]] = {
    states.START: lambda spec: spec.command,
    states.CHECK: lambda spec: spec.check,
    states.MAKE: lambda spec: spec.make or spec.command,  # of a job
    states.UNDO: lambda spec: spec.undo,
    states.HEALTH: lambda spec: spec.health["command"],
}
# Nobody knows its pid before it is there: the shell says it, and becomes the command.
WATCHED = 'WATCHDOG_PID=$$; export WATCHDOG_PID; exec "$0" "$@"'


def _uid(user: str) -> int:
    if not user:
        return os.getuid()
    import pwd

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise SpawnError("user:%s does not exist" % user) from None
