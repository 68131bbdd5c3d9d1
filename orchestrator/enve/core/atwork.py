"""Which stages of a node are at work, and what runs where a newer version is not there yet: read
out of the states that it shows. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from enve.core import answer, seen
from enve.core.seen import Seen
from enve_pm.core import address, stages, states
from enve_pm.core.refusal import FormatError


class Work(NamedTuple):
    """A unit (its address below the node) that is made, and for how many seconds by now."""

    unit: str
    seconds: float


def at_work(raw: bytes, names: Iterable[str]) -> list[Work]:
    """The units among `names` that a living pm is making, the oldest first. `raw`: what `march
    look` printed."""
    shown = _read(raw)
    if shown is None or not shown.alive:
        return []
    units = {name: seen.unit(shown, address.parse(name)) for name in names}
    found = [
        Work(name, max(0.0, shown.now - unit.since / 1000))
        for name, unit in units.items()
        if unit is not None and unit.state == states.STARTING
    ]
    return sorted(found, key=lambda work: -work.seconds)


def unreloaded(raw: bytes, held: Iterable[str]) -> list[str]:
    """Of the units that a node holds, those that run by an older config, as a reload failed."""
    shown = _read(raw) if b"reload: " in raw else None
    if shown is None:
        return []
    units = {name: seen.unit(shown, address.parse(name)) for name in held}
    return [n for n, u in units.items() if u is not None and answer.unreloaded(u.state, u.detail)]


class Goes(NamedTuple):
    """A spot whose line waits. `product`: what runs meanwhile; `stages`: the addresses of those
    that this has, and that the node does not hold any more; `awaited`: of those that it holds."""

    product: str
    stages: tuple[str, ...]
    awaited: tuple[str, ...]


def waiting(raw: bytes, held: Collection[str]) -> dict[str, Goes]:
    """Of the spots that a node holds, those that run by an older line. `held`: all addresses."""
    shown = _read(raw) if b'"waits_for":' in raw else None
    if shown is None:
        return {}
    found = {}
    for name in held:
        steps = address.parse(name)
        unit = seen.unit(shown, steps)
        if unit is not None and unit.waits_for:
            found[name] = _goes(shown, steps, held)
    return {name: goes for name, goes in found.items() if goes.product}


def _goes(shown: Seen, steps: tuple[str, ...], held: Collection[str]) -> Goes:
    own = {}
    for unit in seen.units(shown, steps[:-1]):
        named, name = stages.split(unit), address.format((*steps[:-1], unit))
        if named is not None and named.spot == steps[-1]:
            own[name] = named
    late = {name: one for name, one in own.items() if name not in held}
    product = next((one.product for one in late.values() if one.stage == stages.INSTALL), "")
    there = tuple(name for name, one in late.items() if one.product == product)
    return Goes(product, there, tuple(name for name in own if name in held))


def _read(raw: bytes) -> Seen | None:
    try:
        return seen.parse(raw)
    except (FormatError, RecursionError):
        return None
