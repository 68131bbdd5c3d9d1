"""What templates may use up: each for itself processor time, and memory while it works; those that
share a budget also time and characters together.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from jinja2.exceptions import SecurityError

SECONDS = 10.0  # of the processor
MEMORY = 512 << 20  # bytes, beyond what there was before
TOGETHER = 30.0  # seconds of the processor, of all that share a budget
CHARACTERS = 32 << 20  # that these may make


class Budget:
    """What is left for all of several templates."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.seconds = TOGETHER
        self._characters = CHARACTERS

    def spend(self, characters: int) -> None:
        """Raises SecurityError when there are none left."""
        self._characters -= characters
        if self._characters < 0:
            raise SecurityError(f"all together make more than {CHARACTERS >> 20} MiB")


class Effort:
    """`with effort:` around the work; SecurityError or MemoryError ends what takes too much. Off
    the main thread nothing is measured, and where the system has no such limit it is not set."""

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._began = 0.0
        self._measured = threading.current_thread() is threading.main_thread()
        self._limits = resource.getrlimit(resource.RLIMIT_AS)
        self._sizes = _open_sizes()
        if self._measured:
            signal.signal(signal.SIGPROF, _too_long)

    def __enter__(self) -> Self:
        if self._budget is not None and self._budget.seconds <= 0:
            raise SecurityError(f"all together work for more than {TOGETHER:g} s")
        self._began = time.process_time()
        if self._measured:
            if self._sizes >= 0:
                self._limit()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._measured:
            signal.setitimer(signal.ITIMER_PROF, 0)
            if self._sizes >= 0:
                resource.setrlimit(resource.RLIMIT_AS, self._limits)
        if self._budget is not None:
            self._budget.seconds -= time.process_time() - self._began

    def __del__(self) -> None:
        if self._sizes >= 0:
            os.close(self._sizes)

    def _limit(self) -> None:
        """Linux alone tells our size so cheaply that each template can have a bound of its own."""
        pages = int(os.pread(self._sizes, 64, 0).split()[0])
        soft, hard = self._limits
        wanted = pages * resource.getpagesize() + MEMORY
        if soft == resource.RLIM_INFINITY or wanted < soft:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _open_sizes() -> int:
    try:
        return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise SecurityError(f"the template works for more than {SECONDS:g} s")
