"""The client's verbs as events of the machine."""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.effects import Apply, Recheck, Reload, ResetFailed, Restart, Want

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.core.machine import Machine

    Make = Callable[[Machine, str, str], "list[Any]"]  # (machine, unit, why)


def events(machine: Machine, verb: str, units: Sequence[str], who: str) -> list[Any]:
    """What to judge and then to feed; KeyError for another verb.

    `who` stands in `why`. `stop --with-dependents`: add `machine.dependents(name)` to the units.
    """
    make = VERBS[verb]
    return [event for name in units for event in make(machine, name, f"manual by {who}")]


def _stop(machine: Machine, name: str, why: str) -> list[Any]:
    """One whose undo has failed is undone once more; who leaves is on the way down anyhow."""
    unit = machine.units.get(name)
    if unit is None:
        return [Want(name, states.DOWN, why)]
    again = [Apply(name)] if unit.left else []
    return again if unit.removing else [Want(name, states.DOWN, why), *again]


def _restart(machine: Machine, name: str, why: str) -> list[Any]:
    return [Restart(name, why)]


def _reload_or_restart(machine: Machine, name: str, why: str) -> list[Any]:
    unit = machine.units.get(name)
    if unit is not None and unit.state == states.RUNNING and unit.spec.reload:
        return [Reload(name)]
    return [Restart(name, why)]


def _if_up(make: Make) -> Make:
    """Only for a unit that runs or is about to (an unknown one is for the judge)."""

    def made(machine: Machine, name: str, why: str) -> list[Any]:
        unit = machine.units.get(name)
        down = unit is not None and (unit.want == states.DOWN or unit.state not in _UP)
        return [] if down else make(machine, name, why)

    return made


_UP = (states.SCHE_START, states.STARTING, states.RUNNING)
VERBS: dict[str, Make] = {
    "start": lambda machine, name, why: [Want(name, states.UP, why)],
    "stop": _stop,
    "restart": _restart,
    "try-restart": _if_up(_restart),
    "reload": lambda machine, name, why: [Reload(name)],
    "reload-or-restart": _reload_or_restart,
    "try-reload-or-restart": _if_up(_reload_or_restart),
    "reset-failed": lambda machine, name, why: [ResetFailed(name)],
    "recheck": lambda machine, name, why: [Recheck(name)],
}
