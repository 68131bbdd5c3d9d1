"""Timers: what is to be called when, in ms of CLOCK_MONOTONIC."""

from __future__ import annotations

from _heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[], None]


class Timer:
    """One call to come. `callback` is None once it is taken or cancelled."""

    __slots__ = ("callback", "due", "serial")

    def __init__(self, due: int, serial: int, callback: Callback) -> None:
        self.due = due
        self.serial = serial
        self.callback: Callback | None = callback

    def take(self) -> Callback | None:
        """What is to be called, once; None when it was cancelled."""
        callback, self.callback = self.callback, None
        return callback

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.serial) < (other.due, other.serial)


class Timers:
    """A heap of timers; equal times go in the order in which they were set."""

    __slots__ = ("_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._serial = 0

    def at(self, due: int, callback: Callback) -> Timer:
        self._serial += 1
        timer = Timer(due, self._serial, callback)
        heappush(self._heap, timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        timer.callback = None
        self._drop_dead()

    def deadline(self) -> int | None:
        """When the next one is due; None when there is none."""
        return self._heap[0].due if self._heap else None

    def due(self, now: int) -> list[Timer]:
        """Take out those that are due by now. Each is still to be taken: a call may cancel one that
        comes after it."""
        found = []
        while self._heap and (self._heap[0].callback is None or self._heap[0].due <= now):
            timer = heappop(self._heap)
            if timer.callback is not None:
                found.append(timer)
        self._drop_dead()
        return found

    def _drop_dead(self) -> None:
        while self._heap and self._heap[0].callback is None:
            heappop(self._heap)
