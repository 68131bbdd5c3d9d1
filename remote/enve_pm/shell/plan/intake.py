"""The intake: bytes of the signed pipe become whole streams in a queue of bounded size."""

from __future__ import annotations

from enve_pm.core.lean import deque, namedtuple
from enve_pm.shell.plan.answers import Asked
from enve_pm.wire import frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer

WAITING = 16 << 20  # bytes of whole streams that wait to be judged
STREAMS = 256

# who: Asked · inbox: where its files lie, "" = beside the signed pipe · told: also hears the answer
Queued = namedtuple("Queued", "who data inbox told", defaults=("", None))


class Intake:
    """`busy(Asked)` is told of streams for which there was no room."""

    def __init__(self, loop: Loop, busy: Callable[[Asked], None]) -> None:
        self._loop = loop
        self._busy = busy
        self._assembler = frame.Assembler()
        self._queue: deque[Queued] = deque()
        self._waiting = 0
        self._timer: Timer | None = None

    def feed(self, data: bytes) -> None:
        self._take(self._assembler.feed(data, self._loop.system.now()))

    @property
    def empty(self) -> bool:
        return not self._queue

    def next(self) -> Queued | None:
        """The oldest stream that waits."""
        if not self._queue:
            return None
        queued = self._queue.popleft()
        self._waiting -= len(queued.data)
        return queued

    def _idle(self) -> None:
        self._timer = None
        self._take(self._assembler.expire(self._loop.system.now()))

    def _take(self, events: list[frame.Event]) -> None:
        for event in events:
            if isinstance(event, frame.Whole):
                self._enqueue(Queued(Asked(event.sha, event.nonce.hex()), event.data))
            elif isinstance(event, frame.Busy):
                self._busy(Asked(event.stream.hex(), event.nonce.hex()))
        due = self._assembler.deadline()
        if due is not None and self._timer is None:
            self._timer = self._loop.at(due, self._idle)

    # -- over a change of program; the queue is empty then ----------------------------------------
    def dump(self) -> list[Any]:
        return self._assembler.dump()

    def restore(self, dumped: list[Any]) -> None:
        self._assembler.restore(dumped)
        self._take([])

    def _enqueue(self, queued: Queued) -> None:
        if not self.put(queued):
            self._busy(queued.who)

    def put(self, queued: Queued) -> bool:
        """A whole stream. False: there is no room."""
        if self._waiting + len(queued.data) > WAITING or len(self._queue) >= STREAMS:
            return False
        self._waiting += len(queued.data)
        self._queue.append(queued)
        return True
