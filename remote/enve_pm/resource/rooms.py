"""What a unit's line says of its room, as the way in takes it: units that it names become paths."""

from __future__ import annotations

import os

from enve_pm.core import stages, states, walls
from enve_pm.core.inside import NONE, VIEWS
from enve_pm.core.room import KINDS
from enve_pm.core.unit import STAGE
from enve_pm.shell.guard import program
from enve_pm.shell.process.spawn import SpawnError
from enve_pm.shell.state import artifacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.lodging import Lodging
    from enve_pm.resource.run import Run
    from enve_pm.shell.state.home import Home

    Active = Callable[[str], UnitSpec | None]

RIGHTS = ("capabilities", "no_new_privs", "oom_score_adj", "limits")
FOR_START = ("sockets", "terminal")  # what the process alone has
# Steps beside the unit's process.
BESIDE = (states.CHECK, states.HEALTH, states.RELOAD_STEP)


def room(spec: UnitSpec, step: str, home: Home, active: Active, main: Run | None) -> dict[str, Any]:
    """Empty when the line asks for nothing of that kind. `active`: the parameters in force of a
    unit of this pm; `main`: the run of the unit's process, if that lives. Raises SpawnError."""
    asked = {key: value for key, value in spec.room.items() if value or key in SAID}
    if not asked:
        return {}
    asked["spot"] = home.spot(spec.unit)
    if spec.kind == STAGE and asked.get("read_only") is True:
        asked["writable"] = [*asked.get("writable", ()), *_workplaces(spec, home)]
    if step in BESIDE and main is not None:
        return _beside(asked, main)
    if "root" in asked:
        asked["root"] = _root(asked["root"], home, active)
    for key in FOR_START:
        asked[key] = step == states.START and bool(asked.get(key))
    if "net" in asked:
        asked["network"] = _network(asked.pop("net"), active)
    return asked


def _workplaces(spec: UnitSpec, home: Home) -> list[str]:
    """Where a stage may write whatever cannot be written: in the directory of its spot, and its
    store."""
    own = artifacts.store(home.path, spec.user).partition(":")[0]
    return [home.spot(stages.spot(spec.unit)), own]


def _beside(asked: dict[str, Any], main: Run) -> dict[str, Any]:
    """The same rights, and the very room that the process is in."""
    room = {key: asked[key] for key in (*RIGHTS, "spot") if key in asked}
    room["join"] = [main.main, main.start]
    room["inside"] = "pid" in asked.get("namespaces", ())
    room["closed"] = not VIEWS.isdisjoint(asked)
    return room


def walled(spec: UnitSpec, where: Lodging, home: Home, active: Active) -> dict[str, Any]:
    """The room of a sub-pm; empty when it has no walls. Of the HOME around it there are only its
    own folders and the programs. Raises SpawnError."""
    made = room(spec, states.START, home, active, None)
    if not made:
        return made
    made["namespaces"] = walls.JAIL if made.pop("jail", False) else walls.CHROOT
    here = program.here()
    programs = os.path.dirname(here) if program.home_of(here) else here
    made["home"] = home.path
    made["shown"] = [[where.home, False], [where.feed, True], [programs, True]]
    return made


SAID = ("capabilities", "oom_score_adj")  # also where it is nothing


def _root(name: str, home: Home, active: Active) -> str:
    spec = active(name)
    if spec is None or spec.kind != KINDS["root"]:
        raise SpawnError("root:%s is no subroot" % name)
    return os.path.join(home.spot(name), spec.body["at"])


def _network(name: str, active: Active) -> str:
    if name == NONE:
        return name
    from enve_pm.core.network import netns_path

    spec = active(name)
    path = netns_path(spec) if spec is not None and spec.kind == KINDS["net"] else ""
    if not path:
        raise SpawnError("network:%s is no namespace" % name)
    return path
