"""Times that the node's code counts in milliseconds, in the words of a plan."""

from __future__ import annotations

import re

# The last names of keys that hold a time.
TIMES = frozenset(
    ("start_timeout", "stop_timeout", "check_every", "watchdog", "every", "timeout", "jitter", "ms")
)
_RANGE = re.compile(r"an integer from (\d+) to (\d+)")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def in_words(field: str, wanted: str, found: str) -> tuple[str, str]:
    """What was wanted and found of a key, such as `a time from 100ms to 1d` and `1ms`."""
    named_by_users = field.startswith(("env.", "files."))
    if named_by_users or field.rpartition(".")[2] not in TIMES or not found.isdigit():
        return wanted, found
    told = _RANGE.sub(lambda m: f"a time from {span(int(m[1]))} to {span(int(m[2]))}", wanted)
    return told, span(int(found))


def span(ms: int) -> str:
    """As a plan says it, exactly: `90s`, `1d`."""
    name, length = next((name, length) for name, length in _UNITS if ms % length == 0)
    return f"{ms // length}{name}" if ms else "0"
