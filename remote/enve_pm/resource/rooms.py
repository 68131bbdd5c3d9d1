"""What a unit's line says of its room, as the way in takes it: units that it names become paths."""

from __future__ import annotations

import os

from enve_pm.core import states
from enve_pm.core.room import KINDS, NONE
from enve_pm.shell.spawn import SpawnError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.home import Home

    Active = Callable[[str], UnitSpec | None]

# Steps beside the unit's process: what they do concerns pids that pm sees.
BESIDE = (states.CHECK, states.HEALTH, states.RELOAD_STEP)


def room(spec: UnitSpec, step: str, home: Home, active: Active) -> dict[str, Any]:
    """Empty when the line asks for nothing of that kind. `active`: the parameters in force of a
    unit of this pm. Raises SpawnError."""
    asked = {key: value for key, value in spec.room.items() if value or key in SAID}
    if not asked:
        return {}
    asked["spot"] = home.spot(spec.unit)
    if "root" in asked:
        asked["root"] = _root(asked["root"], home, active)
    if "net" in asked:
        asked["network"] = _network(asked.pop("net"))
    if step in BESIDE and "namespaces" in asked:
        asked["namespaces"] = [one for one in asked["namespaces"] if one != "pid"]
    return asked


SAID = ("capabilities", "oom_score_adj")  # also where it is nothing


def _root(name: str, home: Home, active: Active) -> str:
    spec = active(name)
    if spec is None or spec.kind != KINDS["root"]:
        raise SpawnError("root:%s is no subroot" % name)
    return os.path.join(home.spot(name), spec.body["at"])


def _network(name: str) -> str:
    if name != NONE:
        raise SpawnError("network:%s is no network" % name)
    return name
