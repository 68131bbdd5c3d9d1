"""Times and sizes, which a node counts in milliseconds and bytes, in the words of a plan."""

from __future__ import annotations

import re

# The last names of keys that hold a time.
TIMES = frozenset(
    ("start_timeout", "stop_timeout", "check_every", "watchdog", "every", "timeout", "jitter", "ms")
)
SIZES = frozenset(("size", "quota", "memory", "log_size"))
_RANGE = re.compile(r"an integer from (\d+) to (\d+)")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def in_words(field: str, wanted: str, found: str) -> tuple[str, str]:
    """What was wanted and found of a key, such as `a time from 100ms to 1d` and `1ms`."""
    named_by_users = field.startswith(("env.", "files."))
    last = field.rpartition(".")[2]
    if named_by_users or not found.isdigit():
        return wanted, found
    if last in TIMES:
        told = _RANGE.sub(lambda m: f"a time from {span(int(m[1]))} to {span(int(m[2]))}", wanted)
        return told, span(int(found))
    if field == "limits.cpu":
        return _RANGE.sub(lambda m: f"{share(int(m[1]))} or more", wanted), share(int(found))
    if last in SIZES:
        return _RANGE.sub(lambda m: f"a size from {size(int(m[1]))} on", wanted), size(int(found))
    return wanted, found


def span(ms: int) -> str:
    """As a plan says it, exactly: `90s`, `1d`."""
    name, length = next((name, length) for name, length in _UNITS if ms % length == 0)
    return f"{ms // length}{name}" if ms else "0"


def size(number: int) -> str:
    """As a plan says it, exactly: `64K`, `5000`."""
    for name, length in (("T", 40), ("G", 30), ("M", 20), ("K", 10)):
        if number and number % (1 << length) == 0:
            return f"{number >> length}{name}"
    return str(number)


def share(thousandths: int) -> str:
    """Of a CPU, as a plan says it: `50%`, `0.5%`."""
    return f"{thousandths / 10:g}%"
