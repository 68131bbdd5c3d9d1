"""The state machine of one pm: events in, effects out. Pure: no clock, no input, no output."""

from __future__ import annotations

from collections import namedtuple

from enve_pm.core import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from enve_pm.core.unitstate import Unit

# code: unknown cycle dependents not-running no-reload kind; see judge.RETCODES.
Refusal = namedtuple("Refusal", "unit code reason")


class Machine:
    """All units of one pm.

    The shell calls `judge` with what a client or a plan asks; without refusals it calls `turn`
    with it. News of processes go straight to `turn`. After each turn it performs the effects in
    their order and sleeps until `deadline()`. `now` is always milliseconds of CLOCK_MONOTONIC.
    """

    def __init__(self) -> None:
        self.units: dict[str, Unit] = {}

    def judge(self, events: Iterable[Any]) -> list[Refusal]:
        """Why these commands may not be carried out together; changes nothing."""
        raise NotImplementedError

    def turn(self, events: Iterable[Any], now: int) -> list[Any]:
        """Take the events and the timers that are due, and decide until nothing changes."""
        raise NotImplementedError

    def deadline(self) -> int | None:
        """When `turn` must be called again even if nothing happens."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """All of it as JSON-able data, between two turns."""
        raise NotImplementedError

    @classmethod
    def load(cls, data: dict[str, Any], now: int) -> Machine:
        """The machine that `dump` described, in this or the two previous versions."""
        raise NotImplementedError

    def dependents(self, name: str) -> list[str]:
        """Units that must stop before `name` can, in the order of their stop."""
        raise NotImplementedError


assert states
