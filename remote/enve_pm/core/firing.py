"""A timer: whether it fires now, when it does next, and what it then asks for. Pure.

Times that `at` names go by the wall clock, which may jump; `every` counts on the monotonic one.
"""

from __future__ import annotations

from enve_pm.core import civil, effects, states
from enve_pm.core.lean import namedtuple
from enve_pm.core.unitstate import SHUTDOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

WAIT, FIRE, MISSED = "wait", "fire", "missed"
UNDER_WAY = "under way"
LATE = 90_000  # ms: what is later than this did not happen at its time
BACK = 60_000  # ms: a wall clock that is put back by more begins anew from there
DEAD = 1_577_836_800_000  # ms: a wall clock before 2020 is not set yet
MINUTE = 60_000

# What to feed to the machine, and the goal to follow; or why nothing is done.
Asked = namedtuple("Asked", "events verb refusal", defaults=("",))


def look(due: int, wall: int, catch_up: bool) -> str:
    """Whether it is time. catch_up: one that was missed is made up for."""
    if wall < due:
        return WAIT
    return FIRE if catch_up or wall - due <= LATE else MISSED


def base(last: int, wall: int) -> int:
    """From when the next time counts: the last one, unless the clock was put back behind it."""
    return last if last - wall <= BACK else wall


def put_back(last: int, wall: int) -> bool:
    """Whether the clock was put back behind the last time, to one that may be right."""
    return last - wall > BACK and wall > DEAD


def rest(every: int, last: int, wall: int, catch_up: bool) -> int:
    """Of an interval, when pm comes back after a while: what is left of it, in ms. An interval that
    ended meanwhile is made up for at once, or begins anew."""
    passed = wall - last
    if 0 <= passed < every:
        return every - passed
    return 0 if catch_up and passed > 0 else every


def shown(due: int, wall: int, ahead: int) -> str:
    """`03:30`, or with its date if that is a day away. due, wall: ms; ahead: of local time, min."""
    local = due // MINUTE + ahead
    text = civil.clock(local) if due - wall <= civil.DAY * MINUTE else civil.stamp(local)
    seconds = due % MINUTE // 1000
    return text + ":%02d" % seconds if seconds else text


def ask(board: Board, name: str, body: Mapping[str, Any]) -> Asked:
    """What the timer of this name and body wants of the machine as it stands."""
    unit = board.units.get(body["unit"])
    if unit is None or unit.removing:
        return Asked([], "", "there is no %s" % body["unit"])
    asked: Asked = _ASKS[body["do"]](unit, "timer " + name)
    return asked


def _start(unit: Unit, why: str) -> Asked:
    if unit.asked == states.DOWN and (unit.drift or unit.asked_why == SHUTDOWN):
        return Asked([], "", "left alone: it is stopped by hand")
    if unit.state not in _DOWN:
        return Asked([], "", "left alone: it still runs")
    return Asked([effects.Call(unit.name, why)], "start")


def _restart(unit: Unit, why: str) -> Asked:
    if unit.want == states.DOWN:
        return Asked([], "", "left alone: it is not wanted up")
    return Asked([effects.Restart(unit.name, why)], "restart")


_DOWN = (states.STOPPED, states.STARTING_FAIL, states.FAIL)
_ASKS: dict[str, Callable[[Unit, str], Asked]] = {
    "start": _start,
    "restart": _restart,
    "reload": lambda unit, why: Asked([effects.Reload(unit.name)], "reload"),
    "recheck": lambda unit, why: Asked([effects.Recheck(unit.name)], "recheck"),
}


def outcome(unit: Unit | None) -> str:
    """How the run has ended that a timer began; "" while it is under way."""
    if unit is None:
        return "gone"
    under_way = unit.want == states.UP and not (unit.rest or unit.stuck)
    if under_way and (unit.called or unit.state != states.RUNNING):
        return ""
    return unit.result
