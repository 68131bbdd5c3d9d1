"""What a client's job, or a plan, waits for: each unit settled, well or not."""

from __future__ import annotations

from enve_pm.core import failing, states
from enve_pm.core.unitstate import FAILED, OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.core.machine import Machine
    from enve_pm.core.unitstate import Unit

    Verdict = tuple[int, str]  # retcode of contracts section 9, and what is wrong

DONE: Verdict = (0, "")
_FAILED = 3
_AT_ONCE = ("reset-failed", "set-property")


class Goal:
    """`verb` as in contracts section 9, or `apply`: every unit as it is wanted.

    Asked after each turn; looks at the first unit that is not settled, so a plan of a thousand
    units costs nothing while it waits.
    """

    __slots__ = ("_found", "units", "verb")

    def __init__(self, verb: str, units: Sequence[str]) -> None:
        self.verb = verb
        self.units = tuple(units)
        self._found: list[Verdict] = []

    def outcome(self, machine: Machine) -> Verdict | None:
        """(retcode, message) once every unit has settled; a failure is the last word on its unit
        unless it is well again by then."""
        while len(self._found) < len(self.units):
            found = verdict(machine, self.verb, self.units[len(self._found)])
            if found is None:
                return None
            self._found.append(found)
        found_now = []
        for name, before in zip(self.units, self._found):  # noqa: B905
            now = verdict(machine, self.verb, name)
            if now is None and before == DONE:
                return None  # it follows another one that was not settled then
            found_now.append(now or before)
        bad = [message for code, message in found_now if code]
        return (max(code for code, _ in found_now), "\n".join(bad)) if bad else DONE


def verdict(machine: Machine, verb: str, name: str) -> Verdict | None:
    """Whether one unit has done what the verb asks; None while it is at it."""
    unit = machine.units.get(name)
    if verb in _AT_ONCE:
        return DONE
    if unit is None:
        return DONE if verb in ("stop", "apply") else (_FAILED, f"{name}: gone")
    return _VERDICTS[verb](unit)


def _up(unit: Unit) -> Verdict | None:
    if unit.want == states.DOWN:
        return _bad(unit, f"not wanted up ({unit.why})")
    if unit.again or unit.renew:
        return None
    if unit.state == states.RUNNING:
        return _reloaded(unit)
    if unit.state == states.STOPPED and unit.rest:
        return DONE if unit.result == OK else _bad(unit)
    if unit.state in FAILED or (unit.state == states.STOPPED and unit.stuck):
        return _bad(unit)
    return None


def _up_if_wanted(unit: Unit) -> Verdict | None:
    return _up(unit) if unit.want == states.UP else DONE


def _down(unit: Unit) -> Verdict | None:
    if unit.want == states.UP:
        return _bad(unit, f"wanted up ({unit.why})")
    if unit.state == states.STOPPED and not unit.removing and unit.owed is None:
        return DONE
    if unit.state in FAILED and (unit.left or unit.result == failing.UNKILLABLE):
        return _bad(unit)
    return None


def _settled(unit: Unit) -> Verdict | None:
    return _up(unit) if unit.want == states.UP else _down(unit)


def _reloaded(unit: Unit) -> Verdict | None:
    if unit.state != states.RUNNING:
        return _bad(unit)
    if unit.reloads or (unit.side and unit.side_step == states.RELOAD_STEP):
        return None
    return _bad(unit) if unit.behind else DONE


def _checked(unit: Unit) -> Verdict | None:
    if unit.state == states.RUNNING and unit.side:
        return None
    if unit.state == states.RUNNING and (unit.result != OK or unit.sick):
        return _bad(unit)  # a drift that is only reported
    return _up(unit)


def _bad(unit: Unit, why: str = "") -> Verdict:
    words = [
        f"{unit.name}: {unit.state}",
        unit.result if unit.result != OK else "",
        why or unit.detail,
    ]
    return (_FAILED, " ".join(word for word in words if word))


_VERDICTS: dict[str, Callable[[Unit], Verdict | None]] = {
    "start": _up,
    "restart": _up,
    "reload-or-restart": _up,
    "try-restart": _up_if_wanted,
    "try-reload-or-restart": _up_if_wanted,
    "stop": _down,
    "reload": _reloaded,
    "recheck": _checked,
    "apply": _settled,
}
