"""How what a node holds already stands there: a march that has nothing to send still says so."""

from __future__ import annotations

from collections.abc import Iterable

from enve.core import again, answer, seen
from enve.core.listing import OUTDATED
from enve.core.printable import printable, shortened
from enve.core.published import Unit
from enve.core.seen import Seen
from enve.errors import FAILED
from enve.model.report import Problem, Result
from enve_pm.core import address, states
from enve_pm.core.refusal import FormatError

DEAD = (states.FAIL, states.STARTING_FAIL, states.STOPPED)


def result(node: str, raw: bytes, names: Iterable[str], seconds: float) -> Result:
    """The last word on a node that nothing is sent to. `raw`: what `march look` printed; `names`:
    addresses below the node of all that it holds."""
    try:
        shown = seen.parse(raw)
    except (FormatError, RecursionError):
        return Result(node, "unchanged", "up to date", seconds, verdict="unsent")
    if shown.outdated:
        told = OUTDATED.message
        return Result(node, "failed", told, seconds, OUTDATED, verdict="unsent")
    bad = failing(shown, names)
    notes = tuple(f"{name}  {_told(unit)}" for name, unit in sorted(bad.items()))
    if not notes:
        return Result(node, "unchanged", "up to date", seconds, verdict="unsent")
    message = "up to date, but not everything runs"
    retry = again.hint(node, {name: unit.state for name, unit in bad.items()})
    hint = ", ".join(filter(None, (answer.WHY, retry)))
    problem = Problem(message, FAILED, notes=notes[:20], hint=hint)
    return Result(node, "failed", message, seconds, problem, verdict="unsent")


def failing(shown: Seen, names: Iterable[str]) -> dict[str, Unit]:
    """What is wanted up and is down. What is on its way is no failure yet."""
    units = {name: seen.unit(shown, address.parse(name)) for name in names}
    return {
        name: unit
        for name, unit in units.items()
        if unit is not None and unit.want == states.UP and _bad(unit)
    }


def _told(unit: Unit) -> str:
    told = " ".join(filter(None, (unit.state, _result(unit), unit.detail)))
    return shortened(printable(told), answer.LONGEST)


def _bad(unit: Unit) -> bool:
    """It is down, or runs by its old config as the new one could not be reloaded."""
    return (unit.state in DEAD and not _done(unit)) or answer.unreloaded(unit.state, unit.detail)


def _result(unit: Unit) -> str:
    return unit.result if unit.state in DEAD else ""


def _done(unit: Unit) -> bool:
    """One that ended well and is not to be started again."""
    return unit.state == states.STOPPED and unit.result == "ok"
