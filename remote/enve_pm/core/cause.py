"""From a unit's state to its cause: the chain of units that leads there. Pure.

`units`: {path: UNIT as published}; a path is the names that lead to a unit below this pm.
"""

from __future__ import annotations

from enve_pm.core import states
from enve_pm.core.lean import namedtuple
from enve_pm.core.stages import spot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Path = tuple[str, ...]
    Units = Mapping[Path, Mapping[str, Any]]
    Needs = Callable[[Path], Sequence[str]]

# relation: what the one before has to do with it: "" (the first), "in", "needs", "waits for"
Link = namedtuple("Link", "path relation")

DEEPEST = 50
LOST = ("dependency:", "missing:")
UP = (states.RUNNING,)
FAILED = (states.STARTING_FAIL, states.FAIL)


def chain(units: Units, path: Path, needs: Needs) -> list[Link]:
    """The unit, then what is behind its state, the cause last. `needs`: the names that a unit
    needs in its own pm. A unit that `units` does not hold is missing."""
    links = [Link(path, "")]
    while len(links) < DEEPEST:
        following = _behind(units, links[-1].path, needs)
        if following is None or any(link.path == following.path for link in links):
            break
        links.append(following)
    return links


def _behind(units: Units, path: Path, needs: Needs) -> Link | None:
    for end in range(1, len(path)):  # a pm that is down takes all in it along
        around = units.get(path[:end], {})
        if around.get("state") not in UP:
            return Link(path[:end], "in")
    unit = units.get(path)
    if unit is None:
        return None
    result = str(unit.get("result", ""))
    for word in LOST:
        if result.startswith(word):
            return Link((*path[:-1], result[len(word) :]), "needs")
    if unit.get("waits_for"):
        return Link((*path[:-1], str(unit["waits_for"])), "waits for")
    return _needed(units, path, needs)


def _needed(units: Units, path: Path, needs: Needs) -> Link | None:
    """What it needs and is not there: so it waits, or it runs without a stage of its own."""
    unit = units[path]
    if unit.get("state") in UP:
        return _gone_without(units, path, needs)
    if unit.get("state") in (states.SCHE_START, states.STOPPED) and unit.get("want") == states.UP:
        return _waited_for(units, path, needs)
    return None


def _gone_without(units: Units, path: Path, needs: Needs) -> Link | None:
    """The first stage that it needs and that has failed."""
    for name in filter(spot, needs(path)):
        other = (*path[:-1], name)
        if units.get(other, {}).get("state") in FAILED:
            return Link(other, "needs")
    return None


def _waited_for(units: Units, path: Path, needs: Needs) -> Link | None:
    """The first need that is not up."""
    for name in needs(path):
        other = (*path[:-1], name)
        if units.get(other, {}).get("state") not in UP:
            return Link(other, "waits for")
    return None
