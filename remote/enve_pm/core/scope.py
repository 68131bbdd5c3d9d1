"""Scope: a key needs a right for the difference that it makes, and for nothing else
("Accepting, on the node", 3)."""

from __future__ import annotations

from enve_pm.core import address, stages
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import LANE, SCOPE, Refused
from enve_pm.core.unit import TIMER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from enve_pm.core.blueprint import Keyhole
    from enve_pm.core.unit import UnitSpec

    Specs = Mapping[str, UnitSpec]
    Signers = Mapping[str, list[Keyhole]]  # primary fingerprint -> its keyholes that are valid now

Difference = namedtuple("Difference", "added changed removed")  # sorted names


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> Difference:
    """What a new part does to the held one; both map names to lines (or to their hashes)."""
    return Difference(
        sorted(name for name in new if name not in old),
        sorted(name for name in new if name in old and new[name] != old[name]),
        sorted(name for name in old if name not in new),
    )


def allows(signers: Signers, threshold: int, node: str, name: str) -> bool:
    """3: is the spot in the scope of `threshold` distinct primary keys? A stage is as its spot: by
    its own name no pattern selects it."""
    steps = (node, *stages.owner(address.parse(name)))
    able = [
        fpr
        for fpr, keyholes in signers.items()
        if any(pattern.match(steps) for keyhole in keyholes for pattern in keyhole.scope)
    ]
    return len(able) >= threshold


def within(signers: Signers, threshold: int, node: str, change: Difference) -> None:
    """3: every spot added, changed OR REMOVED must be in the key's scope."""
    for what, names in zip(("add", "change", "remove"), change):  # noqa: B905
        for name in names:
            if not allows(signers, threshold, node, name):
                raise Refused(SCOPE, "%s may not %s %s" % (_who(signers), what, name))


def own_lane(names: Iterable[str], lane: str, held: Mapping[str, Iterable[str]]) -> None:
    """3: a spot that another lane holds stays there, with its stages, until that lane has dropped
    it.

    held: lane -> names of its spots
    """
    ours = _owners(names)
    for other, theirs in sorted(held.items()):
        taken = sorted(ours & _owners(theirs)) if other != lane else []
        if taken:
            raise Refused(LANE, "%s is held by the lane %s" % (address.format(taken[0]), other))


def _owners(names: Iterable[str]) -> set[tuple[str, ...]]:
    return {stages.owner(address.parse(name)) for name in names}


def starts_nothing_else(
    signers: Signers, threshold: int, node: str, change: Difference, specs: Specs
) -> None:
    """3: a need never starts a spot out of the key's scope whose want is down.

    specs: name -> UnitSpec of everything that the node would hold, all lanes together
    """
    for name in _pulled([*change.added, *change.changed], specs):
        if specs[name].want == "down" and not allows(signers, threshold, node, name):
            raise Refused(SCOPE, "%s may not start %s by a need" % (_who(signers), name))


def commands_nothing_else(
    signers: Signers, threshold: int, node: str, change: Difference, specs: Specs
) -> None:
    """3: what a timer does, its signers could do: it names a unit of their scope and of their plan.

    specs: name -> UnitSpec of the part
    """
    for name, spec in specs.items():
        if spec.kind != TIMER:
            continue
        target = beside(name, [spec.body["unit"]])[0]
        if target not in specs:
            raise Refused(SCOPE, "%s: this plan has no unit %s" % (name, target))
        new = name in change.added or name in change.changed or target in change.added
        if new and not allows(signers, threshold, node, target):
            does = spec.body["do"]
            raise Refused(SCOPE, "%s may not %s %s by a timer" % (_who(signers), does, target))


def _pulled(names: Iterable[str], specs: Specs) -> set[str]:
    """All that is started when these are: their needs and wants, and those of these. What a timer
    starts is as good as up."""
    started = _started(specs)
    waiting = [n for n in names if n in specs and (specs[n].want == "up" or n in started)]
    waiting += [target for target, timer in started.items() if timer in waiting]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        for other in beside(name, [*specs[name].needs, *specs[name].wants]):
            if other in specs and other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _started(specs: Specs) -> dict[str, str]:
    """What timers start: the unit -> one that does."""
    timers = [(name, spec.body) for name, spec in specs.items() if spec.kind == TIMER]
    return {
        target: name
        for name, body in timers
        for target in beside(name, [body["unit"]])
        if body["do"] == "start" and target in specs
    }


def beside(name: str, units: Iterable[str]) -> list[str]:
    """The full names of units that stand in the same pm as `name`."""
    above = address.parse(name)[:-1]
    return [address.format((*above, unit)) for unit in units]


def _who(signers: Signers) -> str:
    names = sorted({keyhole.name for keyholes in signers.values() for keyhole in keyholes})
    return "key " + ", ".join(names)
