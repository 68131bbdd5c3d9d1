"""What a pm that died has left of mounts, networks and the like: undone before its HOME goes, which
alone knows how they were made."""

from __future__ import annotations

import os

from enve_pm.core import states
from enve_pm.core.canonical import loads
from enve_pm.core.filename import quote
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import ROOMS, UnitError, UnitSpec
from enve_pm.hostinit import files
from enve_pm.hostinit.problem import DEADLINE, Problem, tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator


def undo(home: str) -> list[str]:
    """The names of the units whose things are gone now. Raises Problem for one that stays."""
    done = []
    for spec in _in_order(list(_owed(home))):
        deadline = spec.stop_timeout / 1000 + DEADLINE
        argv = [home + "/pm", "_do", states.UNDO, home]
        status, said = tool(argv, files.read(_path(home, spec.unit)), deadline=deadline)
        if status:
            raise Problem(
                "unit %s: %s" % (spec.unit, said), "see to it on the node, and remove again"
            )
        files.discard(_path(home, spec.unit))
        done.append(spec.unit)
    return done


def _owed(home: str) -> Iterator[UnitSpec]:
    folder = home + "/units"
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        text = files.read("%s/%s/owed" % (folder, name))
        try:
            spec = UnitSpec.parse(loads(text)) if text else None
        except (FormatError, UnitError):
            continue  # a pm could not read it either
        if spec is not None and spec.kind in ROOMS:
            yield spec


def _in_order(specs: list[UnitSpec]) -> Iterator[UnitSpec]:
    """First those that no other one needs."""
    while specs:
        needed = {name for spec in specs for name in spec.needs}
        free = [spec for spec in specs if spec.unit not in needed] or specs
        yield from free
        specs = [spec for spec in specs if spec not in free]


def _path(home: str, unit: str) -> str:
    return "%s/units/%s/owed" % (home, quote(unit))
