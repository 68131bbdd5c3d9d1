"""The machine's timers: one heap; what stands in the unit's slot decides which entries are true.

A timer is set by writing its time into a slot of the unit (`due`, `side_due`, `grace_due`; -1 =
none) and pushing it; one that was set again or cleared leaves a dead entry behind, which is
skipped when it comes up. The heap is rebuilt when dead entries prevail, so memory stays flat.
"""

from __future__ import annotations

from _heapq import heapify, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from enve_pm.core.unitstate import Unit

DUE = "due"  # of the state: back-off, readiness, start and stop timeouts, the next check
SIDE = "side_due"  # of the step beside the main one
GRACE = "grace_due"  # until a failed need must be back
SLOTS = (DUE, GRACE, SIDE)


class Timers:
    """Of all units of one machine."""

    __slots__ = ("_heap", "_limit")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, Unit]] = []
        self._limit = 64

    def set(self, unit: Unit, slot: str, when: int) -> None:
        setattr(unit, slot, when)
        heappush(self._heap, (when, unit.index, slot, unit))

    def due(self, now: int) -> Iterator[tuple[Unit, str]]:
        """Take the timers that are due, the earliest first. Their slots keep the time."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, slot, unit = heappop(heap)
            if getattr(unit, slot) == when:
                yield unit, slot

    def first(self) -> int | None:
        """The time of the next timer."""
        heap = self._heap
        while heap and getattr(heap[0][3], heap[0][2]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def trim(self, units: Iterable[Unit], count: int) -> None:
        """Drop the dead entries when there are too many. `count`: of the units."""
        if len(self._heap) > self._limit + 4 * count:
            self.rebuild(units)

    def rebuild(self, units: Iterable[Unit]) -> None:
        self._heap = [
            (getattr(unit, slot), unit.index, slot, unit)
            for unit in units
            for slot in SLOTS
            if getattr(unit, slot) >= 0
        ]
        heapify(self._heap)
