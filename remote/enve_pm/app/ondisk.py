"""A pm begins with what its disk has: nothing of an earlier one runs on, and its units are known.
(After a change of program the state comes from the program before, see `carried`.)"""

from __future__ import annotations

from enve_pm.app.rollout import PLAN
from enve_pm.core import reading
from enve_pm.core.effects import Define, Want
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError
from enve_pm.shell.complain import complain
from enve_pm.shell.guard.survivor import kill_survivors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.app.pm import Pm
    from enve_pm.shell.state.home import Home, Kept


def begin(pm: Pm) -> None:
    """Take it up."""
    _clear(pm)
    pm.home.subs_are_down()
    pm.board.wants = _wants(pm.home)
    for kept in pm.home.units():
        pm.engine.feed(_known(pm, kept))
    pm.streams.catch_up()


def _clear(pm: Pm) -> None:
    """End what an earlier pm has left running."""
    killed, left = kill_survivors(pm.system, pm.home.jobs.earlier())
    if killed or left:
        note = "pm: killed %d processes of an earlier pm" % killed
        note += "; still there: %s" % " ".join(map(str, left)) if left else ""
        complain(note)


def _wants(home: Home) -> dict[str, str]:
    try:
        return home.wants()
    except (OSError, FormatError) as error:
        complain("pm: the wants set by hand are lost: %s" % error)
        return {}


def _known(pm: Pm, kept: Kept) -> list[Any]:
    """A unit that the disk knows; a line that cannot be read is left to the plan."""
    try:
        spec = reading.read(kept.line)
    except (FormatError, UnitError) as error:
        complain("pm: unit %s on disk: %s" % (kept.name, error))
        return []
    name = spec.unit
    pm.processes.belongings.known(spec)
    pm.rollout.know(kept._replace(name=name))
    by_hand = pm.board.manual(name)
    planned = [Define(name, spec), Want(name, spec.want, PLAN), *pm.debts.of(name)]
    return planned if by_hand is None else [*planned, by_hand]
