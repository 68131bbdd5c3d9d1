"""The client's verbs as events of the machine."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from enve_pm.core.machine import Machine

VERBS = (
    "start",
    "stop",
    "reload",
    "restart",
    "try-restart",
    "reload-or-restart",
    "try-reload-or-restart",
    "reset-failed",
    "recheck",
)


def events(machine: Machine, verb: str, units: Sequence[str], who: str) -> list[Any]:
    """What to judge and then to feed. `who` stands in `why`; `stop --with-dependents`: add
    `machine.dependents(name)` to the units first."""
    raise NotImplementedError
