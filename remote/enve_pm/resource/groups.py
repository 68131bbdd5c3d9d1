"""Groups of processes with limits: one for each unit that has any, in each hierarchy that it takes.

They are there before a run is started, and gone after it, with all that still is in them. A kill
for want of memory is counted by the kernel.
"""

from __future__ import annotations

import os

from enve_pm.core.filename import quote
from enve_pm.shell.process import cgroup, hierarchy
from enve_pm.shell.process.hierarchy import V1, V2, NoGroups, Place, clear
from enve_pm.shell.process.spawn import SpawnError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from enve_pm.resource.run import Run
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.state.home import Home

PERIOD = 100_000  # us of the share of CPU time
AGAIN = 50  # ms until a group is tried again whose last processes are on their way out
# (kind, limit) -> (file, what is written into it for a value)
FILES: Mapping[tuple[str, str], tuple[str, Callable[[int], str]]] = {
    (V1, "cpu"): ("cpu.cfs_quota_us", lambda value: str(value * PERIOD // 1000)),
    (V2, "cpu"): ("cpu.max", lambda value: "%d %d" % (value * PERIOD // 1000, PERIOD)),
    (V1, "memory"): ("memory.limit_in_bytes", str),
    (V2, "memory"): ("memory.max", str),
    (V1, "pids"): ("pids.max", str),
    (V2, "pids"): ("pids.max", str),
}
KILLS = {V1: "memory.oom_control", V2: "memory.events"}  # where they are counted


class Groups:
    """All of one pm."""

    def __init__(self, loop: Loop, home: Home) -> None:
        self._loop = loop
        self._home = home.path
        self._places: dict[str, Place] = {}  # by controller
        self._folders: dict[str, set[str]] = {}  # by unit
        self._runs: dict[int, tuple[str, int]] = {}  # number -> unit, kills when it began
        self._leaving: set[str] = set()  # folders that somebody still is in
        self._timer: Timer | None = None

    def sweep(self) -> None:
        """What an earlier pm left goes, with all that is in it."""
        hierarchy.sweep(self._home)

    def begin(self, run: Run, limits: Mapping[str, int]) -> list[str]:
        """The groups for a run, with these limits. Raises SpawnError."""
        folders = self._folders.setdefault(run.unit, set())
        for controller, value in sorted(limits.items()):
            try:
                folders.add(self._make(run.unit, controller, value))
            except NoGroups as why:
                raise SpawnError("limits:%s: %s" % (controller, why)) from None
            except OSError as error:
                raise SpawnError("limits:%s: %s" % (controller, error.strerror)) from None
        self._leaving -= folders
        self._runs[run.number] = run.unit, self._kills(run.unit)
        return sorted(folders)

    def _make(self, unit: str, controller: str, value: int) -> str:
        place = self._place(controller)
        folder = "%s/%s" % (place.folder, quote(unit))
        os.makedirs(folder, 0o755, exist_ok=True)
        file, text = FILES[place.kind, controller]
        cgroup.write("%s/%s" % (folder, file), text(value))
        return folder

    def _place(self, controller: str) -> Place:
        if controller not in self._places:
            self._places[controller] = hierarchy.find(self._home, controller)
        return self._places[controller]

    def over(self, run: Run) -> bool:
        """A run is over: its unit's groups go, unless another run of it is in them. True when the
        kernel has killed something of it for want of memory."""
        unit, before = self._runs.pop(run.number, ("", 0))
        if not unit:
            return False
        starved = self._kills(unit) > before
        if all(other != unit for other, _ in self._runs.values()):
            self._leaving |= self._folders.pop(unit, set())
            self._clear()
        return starved

    def _clear(self) -> None:
        self._leaving = {folder for folder in self._leaving if not clear(folder)}
        if self._timer is not None:
            self._loop.cancel(self._timer)
            self._timer = None
        if self._leaving:
            self._timer = self._loop.at(self._loop.system.now() + AGAIN, self._clear)

    def _kills(self, unit: str) -> int:
        place = self._places.get("memory")
        if place is None:
            return 0
        path = "%s/%s/%s" % (place.folder, quote(unit), KILLS[place.kind])
        try:
            with open(path, encoding="ascii") as file:
                rows = dict(row.split(" ", 1) for row in file.read().splitlines())
        except OSError:
            return 0
        return int(rows.get("oom_kill", 0))

    def close(self) -> None:
        """pm ends in order: nothing of ours stays."""
        for place in self._places.values():
            if place.kind == V1:
                clear(place.folder)

    # -- over a change of program ------------------------------------------------------------------
    def restore(self, run: Run, limits: Mapping[str, int]) -> None:
        """A run of the program before."""
        try:
            self.begin(run, limits)
        except SpawnError:
            return
        self._runs[run.number] = run.unit, 0
