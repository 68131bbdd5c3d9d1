"""What units have beside processes: groups with limits, and sockets that pm holds for them.

The code of either is loaded for the first unit that has any: most pms have none.
"""

from __future__ import annotations

from enve_pm.core import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.groups import Groups
    from enve_pm.resource.run import Run
    from enve_pm.resource.sockets import Sockets
    from enve_pm.shell.home import Home
    from enve_pm.shell.loop import Loop


class Belongings:
    """All of one pm."""

    def __init__(self, loop: Loop, home: Home) -> None:
        self._loop = loop
        self._home = home
        self._groups: Groups | None = None
        self._sockets: Sockets | None = None

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

    def known(self, spec: UnitSpec) -> None:
        """At the start: a unit that an earlier pm had. What that left of its groups goes."""
        if self._groups is None and "limits" in spec.room:
            self._with_groups().sweep()

    # -- a run ------------------------------------------------------------------------------------
    def give(self, run: Run, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]) -> None:
        """The sockets of a unit whose process is started. Raises SpawnError."""
        held = self._sockets is not None
        if run.step == states.START and (held or "sockets" in spec.room):
            self._with_sockets().give(spec, env, fds)

    def limit(self, run: Run, room: dict[str, Any]) -> None:
        """Put the groups of a run in the place of its limits. Raises SpawnError."""
        if "limits" in room:
            room["groups"] = self._with_groups().begin(run, room.pop("limits"))

    def over(self, run: Run) -> None:
        """A run is over, or could not be started."""
        run.starved = self._groups is not None and self._groups.over(run)

    def rest(self, rests: Callable[[str], bool]) -> None:
        """Units that rest have no sockets."""
        for unit in self._sockets.units() if self._sockets is not None else ():
            if rests(unit):
                self.drop(unit)

    def drop(self, unit: str) -> None:
        """The unit is gone."""
        if self._sockets is not None:
            self._sockets.drop(unit)

    def close(self) -> None:
        """pm ends in order."""
        if self._groups is not None:
            self._groups.close()
        if self._sockets is not None:
            self._sockets.close()

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return self._sockets.dump() if self._sockets is not None else []

    def fds(self) -> list[int]:
        return self._sockets.fds() if self._sockets is not None else []

    def restore(
        self,
        rows: list[list[Any]],
        runs: Iterable[Run],
        active: Callable[[str], UnitSpec | None],
    ) -> None:
        """Those of the program before. `active`: the parameters in force of a unit."""
        if rows:
            self._with_sockets().restore(rows)
        for run in runs:
            spec = active(run.unit)
            if spec is not None and "limits" in spec.room:
                self._with_groups().restore(run, spec.room["limits"])
