"""How a march goes below: the spots that are in sub-pms, and whether these have settled.

A sub-pm answers its `load` when all its units have settled, those of pms in it included; so what
is read of it after that answer is final. Its answer says what its states do not: that it did not
take its lines, or that a unit runs on without its new files. One that is not wanted up waits with
its lines for its start, and the march does not wait for it; nor for one that has failed, however
often it will be tried again.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.goal import verdict
from enve_pm.resource.loading import NOT_TAKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from typing import Any

    from enve_pm.core.machine import Machine
    from enve_pm.resource.subpm import SubPms

    Spots = dict[str, tuple[str, str]]

WAITS = "waits for its pm"
ITS_PM = "its pm does not run: "


class NestedMarch:
    """`moved` is called when a sub-pm has settled."""

    def __init__(self, subs: SubPms, machine: Callable[[], Machine]) -> None:
        self.moved: Callable[[], None] = lambda: None
        self._subs = subs
        self._machine = machine
        self._jobs: dict[str, str] = {}  # sub-pm -> its last load that has no answer yet
        self._said: dict[str, str] = {}  # sub-pm -> why its last load went wrong
        subs.down.loading = self._loading

    def _loading(self, name: str, job: str) -> None:
        self._jobs[name] = job
        self._said.pop(name, None)

    def look(self, name: str) -> None:
        """Something happened in a sub-pm."""
        job = self._jobs.get(name)
        answer = self._subs.up.answer(name, job) if job else None
        if answer is not None:
            del self._jobs[name]
            code, message = answer
            if code:
                self._said[name] = message or NOT_TAKEN + str(code)
            self._subs.up.publish(name)  # its states as they are after the answer
        self.moved()

    def progress(
        self, names: Sequence[str], dropped: Container[str] = ()
    ) -> tuple[Spots, bool, bool]:
        """(state, result) of each address, whether that is final, and whether all is well so far
        as the sub-pms' answers say. `dropped`: those of `names` that have to go."""
        addresses = {name: parse_address(name) for name in names}
        open_ones = {parts[0] for parts in addresses.values() if self._open(parts[0])}
        reasons = {name: self._reason(p, name in dropped) for name, p in addresses.items()}
        there = (n for n, p in addresses.items() if n not in dropped or self._subs.up.alive(p[0]))
        spots = {name: self._spot(addresses[name], reasons[name]) for name in there}
        return spots, not open_ones, not any(reasons.values())

    def _open(self, name: str) -> bool:
        unit = self._machine().units.get(name)
        wanted = unit is not None and unit.want == states.UP
        under_way = name in self._jobs or self._subs.down.owed(name)
        return wanted and (under_way or not self._subs.up.alive(name)) and not self._failed(name)

    def _failed(self, name: str) -> str:
        """Why a sub-pm that is wanted up does not run, as its own unit says; "": none is known."""
        if self._subs.up.alive(name):
            return ""
        found = verdict(self._machine(), "apply", name)
        return found[1] if found is not None and found[0] else ""

    def _reason(self, parts: Sequence[str], dropped: bool) -> str:
        """What a sub-pm's answer, or its own failure, says against this unit or all its lines.
        Where no pm runs, what has to go is gone."""
        failed = self._failed(parts[0])
        if failed:
            return "" if dropped else ITS_PM + failed
        said = self._said.get(parts[0], "")
        start = format_address(parts[1:]) + ": "
        for row in said.split("\n") if said else ():
            if row.startswith((start, NOT_TAKEN)) and not row.endswith(WAITS):
                return row[len(start) :] if row.startswith(start) else row
        return ""

    def _spot(self, parts: Sequence[str], reason: str) -> tuple[str, str]:
        report: Any = self._subs.up.report(parts[0])
        for name in parts[1:-1]:
            report = report.get("sub", {}).get(name, {})
        unit = report.get("status", {}).get("units", {}).get(parts[-1])
        return (unit["state"], reason or unit["result"]) if unit else ("", reason or WAITS)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, str]:
        return dict(self._jobs)

    def restore(self, jobs: dict[str, str]) -> None:
        self._jobs = {**jobs, **self._jobs}
