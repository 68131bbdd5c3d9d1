"""What units have beside processes: groups with limits, and sockets and terminals that pm holds.

The code of each is loaded for the first unit that has any: most pms have none.
"""

from __future__ import annotations

import os

from enve_pm.core import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.groups import Groups
    from enve_pm.resource.run import Run
    from enve_pm.resource.sockets import Sockets
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.state.home import Home
    from enve_pm.shell.terminal.terminals import Terminals


class Belongings:
    """All of one pm."""

    def __init__(self, loop: Loop, home: Home) -> None:
        self._loop = loop
        self._home = home
        self._groups: Groups | None = None
        self._sockets: Sockets | None = None
        self._terminals: Terminals | None = None
        self._its = -1  # descriptor that the process about to be started gets, and we let go

    def _with_groups(self) -> Groups:
        if self._groups is None:
            from enve_pm.resource.groups import Groups

            self._groups = Groups(self._loop, self._home)
        return self._groups

    def _with_sockets(self) -> Sockets:
        if self._sockets is None:
            from enve_pm.resource.sockets import Sockets

            self._sockets = Sockets(self._loop.system, self._home)
        return self._sockets

    def _with_terminals(self) -> Terminals:
        if self._terminals is None:
            from enve_pm.shell.guard import program
            from enve_pm.shell.terminal.terminals import Terminals

            holder = program.argv(program.here(), "_terminals")
            self._terminals = Terminals(self._loop, holder, self._home.path)
        return self._terminals

    @property
    def holder(self) -> int:
        """The process that holds the terminals; 0: none."""
        return self._terminals.pid if self._terminals is not None else 0

    def known(self, spec: UnitSpec) -> None:
        """At the start: a unit that an earlier pm had. What that left of its groups goes."""
        if self._groups is None and "limits" in spec.room:
            self._with_groups().sweep()

    # -- a run ------------------------------------------------------------------------------------
    def give(self, run: Run, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]) -> None:
        """The sockets and the terminal of a unit whose process is started. Raises SpawnError."""
        if run.step != states.START:
            return
        if self._sockets is not None or "sockets" in spec.room:
            self._with_sockets().give(spec, env, fds)
        if "terminal" in spec.room:
            self._give_terminal(spec, env, fds)
        elif self._terminals is not None:
            self._terminals.drop(spec.unit)

    def _give_terminal(self, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]) -> None:
        from enve_pm.core import terminal

        size = terminal.size(spec.room["terminal"])
        self._its = self._with_terminals().open(spec.unit, size, int(fds.get(1, -1)))
        fds.update(dict.fromkeys((0, 1, 2), self._its))
        env.setdefault("TERM", terminal.TERM)

    def given(self) -> None:
        """The process has been started, or could not be."""
        if self._its >= 0:
            os.close(self._its)
            self._its = -1

    def limit(self, run: Run, room: dict[str, Any]) -> None:
        """Put the groups of a run in the place of its limits. Raises SpawnError."""
        if "limits" in room:
            room["groups"] = self._with_groups().begin(run, room.pop("limits"))

    def over(self, run: Run) -> None:
        """A run is over, or could not be started."""
        if self._terminals is not None and run.step == states.START:
            self._terminals.over(run.unit)
        run.starved = self._groups is not None and self._groups.over(run)

    def rest(self, rests: Callable[[str], bool]) -> None:
        """Units that rest have no sockets and no terminal."""
        for held in (self._sockets, self._terminals):
            for unit in held.units() if held is not None else ():
                if rests(unit):
                    self.drop(unit)

    def drop(self, unit: str) -> None:
        """The unit is gone."""
        if self._sockets is not None:
            self._sockets.drop(unit)
        if self._terminals is not None:
            self._terminals.drop(unit)

    def close(self) -> None:
        """pm ends in order."""
        if self._groups is not None:
            self._groups.close()
        if self._sockets is not None:
            self._sockets.close()
        if self._terminals is not None:
            self._terminals.close()

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return self._sockets.dump() if self._sockets is not None else []

    def dump_terminals(self) -> dict[str, Any]:
        return self._terminals.dump() if self._terminals is not None else {}

    def fds(self) -> list[int]:
        held = (self._sockets, self._terminals)
        return [fd for one in held if one is not None for fd in one.fds()]

    def restore(
        self,
        rows: list[list[Any]],
        terminals: dict[str, Any],
        runs: Iterable[Run],
        active: Callable[[str], UnitSpec | None],
    ) -> None:
        """Those of the program before. `active`: the parameters in force of a unit."""
        if rows:
            self._with_sockets().restore(rows)
        if terminals:
            self._with_terminals().restore(terminals)
        for run in runs:
            spec = active(run.unit)
            if spec is not None and "limits" in spec.room:
                self._with_groups().restore(run, spec.room["limits"])
