"""The one clock of the command line, handed to whoever needs the time."""

from __future__ import annotations

import time


def now() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
