"""What is wrong with the units of one node together: missing dependencies, cycles, ceilings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from enve.core.suggest import did_you_mean
from enve_pm.core import address, ceiling, graph, room, stages
from enve_pm.core.blueprint import Pm
from enve_pm.core.refusal import Refused
from enve_pm.core.unit import JOB, STAGE, TIMER, UnitSpec

Specs = Mapping[str, UnitSpec]  # by address below the node
NO_PMS: Specs = {}
EDGES = ("needs", "wants", "after")


class Flaw(Exception):
    """`unit`: which one (address below the node); `key`: of its line; the rest is for people."""

    def __init__(
        self, unit: str, key: str, message: str, *, notes: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message)
        self.unit = unit
        self.key = key
        self.message = message
        self.notes = notes
        self.hint = hint


def check_node(
    node: str, specs: Specs, laid_out: Collection[str] = (), pms: Specs = NO_PMS
) -> None:
    """Raises Flaw. laid_out: addresses of all spots of the node's blueprint, if it is known; pms:
    what it nests in it."""
    beside = by_pm(pms)
    for above, units in by_pm(specs).items():
        there = {**beside.get(above, {}), **units}
        _dependencies(node, above, units, there, laid_out)
        _timers(node, above, units, laid_out)
        for spec, key, name, kind in room.misplaced(units):
            head = key.partition(".")[0]
            raise Flaw(spec.name, head, f"{spec.name} of {node}: {key} {name} is no {kind}")
        _circle(node, units, there)


def _circle(node: str, units: Specs, there: Specs) -> None:
    cycle = graph.find_cycle(there, units)
    if cycle:
        name, following = next(step for step in pairwise(cycle) if step[0] in units)
        raise Flaw(
            units[name].name,
            next(key for key in EDGES if following in getattr(units[name], key)),
            f"units of {node} wait for each other",
            notes=(graph.show_cycle(there, cycle),),
            hint="remove one of these edges",
        )


def by_pm(specs: Specs) -> dict[tuple[str, ...], dict[str, UnitSpec]]:
    """The units of each pm by their name in it: edges join units of one pm only."""
    found: dict[tuple[str, ...], dict[str, UnitSpec]] = {}
    for spec in specs.values():
        found.setdefault(address.parse(spec.name)[:-1], {})[spec.unit] = spec
    return found


def _dependencies(
    node: str, above: tuple[str, ...], units: Specs, there: Specs, laid_out: Collection[str]
) -> None:
    for spec in units.values():
        for key in EDGES:
            for name in getattr(spec, key):
                if name not in there:
                    raise _missing(node, spec, key, address.format((*above, name)), laid_out, units)


def _timers(node: str, above: tuple[str, ...], units: Specs, laid_out: Collection[str]) -> None:
    for spec in units.values():
        target = spec.body["unit"] if spec.kind == TIMER else spec.unit
        if target not in units:
            raise _missing(node, spec, TIMER, address.format((*above, target)), laid_out, units)
        if spec.kind == TIMER and units[target].kind == JOB and _starts(spec):
            why = f"{target} is a job: it counts as running once it has run, and is left alone then"
            hint = "do: restart; or a process with state: stopped and restart: never"
            raise Flaw(spec.name, TIMER, f"{spec.name} of {node} timer {target}: {why}", hint=hint)


def _starts(timer: UnitSpec) -> bool:
    return bool(timer.body.get("do", "start") == "start")


def _missing(  # noqa: PLR0913, PLR0917
    node: str, spec: UnitSpec, key: str, name: str, laid_out: Collection[str], units: Specs
) -> Flaw:
    there = name in laid_out
    why = "this plan places nothing there" if there else "there is no such unit beside it"
    hint = did_you_mean(address.parse(name)[-1], units, f"its pm has: {' '.join(units)}")
    return Flaw(spec.name, key, f"{spec.name} of {node} {key} {name}: {why}", hint=hint)


def check_ceiling(node: str, spec: UnitSpec, tree: Pm, home: str) -> None:
    """Raises Flaw for a unit above its ceiling: the node would refuse the whole plan."""
    try:
        ceiling.check(spec, tree, home)
    except Refused as refused:
        hint = "ask for less, or have the architect raise the ceiling"
        raise Flaw(
            spec.name, _key(spec, refused.reason), f"{node}: {refused.reason}", hint=hint
        ) from None


def _key(spec: UnitSpec, reason: str) -> str:
    """The key that the reason speaks of: `NAME: user www is above ...`."""
    words: Sequence[str] = reason.removeprefix(spec.name).lstrip(": ").split()
    names = {"rlimit": "rlimits", "pidfile": "ready", "mode": "files"}
    if words and words[0] in spec.body:
        return spec.kind
    return names.get(words[0], words[0]) if words else ""


def check_places(node: str, specs: Specs) -> None:
    """Raises Flaw for two spots that would take turns in the same place: with two versions of one
    title, or with two setups of it."""
    seen: dict[tuple[str, ...], tuple[UnitSpec, object]] = {}
    for spec in specs.values():
        named = stages.split(spec.unit) if "place" in spec.body else None
        if named is None or named.stage == stages.BUILD:
            continue
        place, table = spec.body["place"], spec.body["table"]
        title, prefix = table.get("title", ""), table.get("prefix", "")
        content = [named.product, spec.body.get("source"), prefix]
        key: tuple[str, ...]
        if named.stage == stages.SETUP:
            key, value = (title, place, named.variant), [*content, table.get("setup")]
            told, hint = SETUPS, "a `cfgpath` for each, or another `place`"
        else:
            key, value = (title, place, prefix, named.stage), content
            told, hint = VERSIONS, "the same `commit` for both, another `prefix` or another `place`"
        other, before = seen.setdefault(key, (spec, value))
        if before != value:
            message = told.format(f"{other.name} and {spec.name} of {node}", title, place)
            raise Flaw(spec.name, STAGE, message, hint=hint)


SETUPS = "E_SETUP_CONFLICT: {} set up {} in {} in two ways"
VERSIONS = "E_PLACE_CONFLICT: {} install two versions of {} in {}"


def check_single(placed: Mapping[str, Collection[str]]) -> None:
    """placed: address of a unit that may run once -> the nodes that the plan puts it on."""
    for name, nodes in placed.items():
        if len(nodes) > 1:
            where = " ".join(sorted(nodes)[:5])
            message = f"{name} is single, but stands on {len(nodes)} nodes: {where}"
            raise Flaw(name, "single", message, hint="name one node, or drop `single`")
