"""How long the machine waits, in milliseconds, where no unit says it."""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

Timing = namedtuple(
    "Timing",
    "grace long_run backoff backoff_most kill check_first check_most check_limit",
    defaults=(
        2_000,  # a running unit outlives its failed need for this long
        10_000,  # who was RUNNING for this long is restarted at once
        100,  # else after 100 ms, doubled each time ...
        60_000,  # ... up to a minute
        5_000,  # after SIGKILL: whoever still lives then cannot be killed
        50,  # a readiness check is repeated after 50 ms, doubled each time ...
        1_000,  # ... up to a second
        3_000,  # ... and one that pm makes itself may take so long
    ),
)


def backoff(timing: Timing, streak: int) -> int:
    """The delay before the restart after `streak` (>= 1) short runs in a row."""
    delay: int = min(timing.backoff_most, timing.backoff << min(streak - 1, 40))
    return delay
