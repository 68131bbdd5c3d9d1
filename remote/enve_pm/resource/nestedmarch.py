"""How a march goes below: the spots that are in sub-pms, and whether these have settled.

A sub-pm answers its `load` when all its units have settled, those of pms in it included; so what
is read of it after that answer is final. One that is not wanted up waits with its lines for its
start, and the march does not wait for it.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.address import parse as parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.core.machine import Machine
    from enve_pm.resource.subpm import SubPms

    Spots = dict[str, tuple[str, str]]

WAITS = "waits for its pm"


class NestedMarch:
    """`moved` is called when a sub-pm has settled."""

    def __init__(self, subs: SubPms, machine: Callable[[], Machine]) -> None:
        self.moved: Callable[[], None] = lambda: None
        self._subs = subs
        self._machine = machine
        self._jobs: dict[str, str] = {}  # sub-pm -> its last load that has no answer yet
        subs.loading = self._loading

    def _loading(self, name: str, job: str) -> None:
        self._jobs[name] = job

    def look(self, name: str) -> None:
        """Something happened in a sub-pm."""
        job = self._jobs.get(name)
        if job and self._subs.answer(name, job) is not None:
            del self._jobs[name]
            self._subs.publish(name)  # its states as they are after the answer
        self.moved()

    def progress(self, names: Sequence[str]) -> tuple[Spots, bool]:
        """(state, result) of each address, and whether that is final."""
        addresses = {name: parse_address(name) for name in names}
        open_ones = {parts[0] for parts in addresses.values() if self._open(parts[0])}
        return {name: self._spot(parts) for name, parts in addresses.items()}, not open_ones

    def _open(self, name: str) -> bool:
        unit = self._machine().units.get(name)
        wanted = unit is not None and unit.want == states.UP
        return wanted and (name in self._jobs or not self._subs.alive(name))

    def _spot(self, parts: Sequence[str]) -> tuple[str, str]:
        report: Any = self._subs.report(parts[0])
        for name in parts[1:-1]:
            report = report.get("sub", {}).get(name, {})
        unit = report.get("status", {}).get("units", {}).get(parts[-1])
        return (unit["state"], unit["result"]) if unit else ("", WAITS)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, str]:
        return dict(self._jobs)

    def restore(self, jobs: dict[str, str]) -> None:
        self._jobs = {**jobs, **self._jobs}
