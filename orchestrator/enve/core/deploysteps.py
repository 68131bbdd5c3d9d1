"""What a deploy has to do on one node: the difference between what is wanted and what it showed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enve.core.blueprintdiff import MAX_DEPTH, describe, read_object, spots, table
from enve.core.nodeblueprint import sha256
from enve.core.printable import printable
from enve.core.probe import Probe
from enve.model.report import Change
from enve.model.site import Node
from enve_pm.core import address, stages
from enve_pm.core.chain import left_behind
from enve_pm.core.refusal import FormatError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one node is to have."""

    node: Node
    program: str  # hash
    blueprint: bytes
    keys: Mapping[str, bytes]
    start: bool = True
    floors: Mapping[str, int] = field(default_factory=dict)  # lane -> newest serial known here


@dataclass(frozen=True, slots=True)
class Steps:
    """What differs, for people, and what follows from it. No changes: nothing is sent."""

    changes: tuple[Change, ...] = ()
    push_program: bool = False
    replaces: bool = False  # a running pm by another program
    dropped: tuple[str, ...] = ()  # spots of the old blueprint with live units, gone in the new one
    fresh: bool = False  # nothing was deployed before


@dataclass(slots=True)
class _Found:
    changes: list[Change] = field(default_factory=list)

    def add(
        self, symbol: str, name: str, detail: str = "", action: str = "", diff: str = ""
    ) -> None:
        self.changes.append(Change(symbol, name, action, detail, diff))  # type: ignore[arg-type]


def decide(wanted: Wanted, probe: Probe) -> Steps:
    """Compare. Pure: the same answer of a node gives the same steps."""
    found = _Found()
    old = probe.deployed
    _program(wanted, probe, found)
    _trust(wanted, probe, found)
    _settings(wanted, probe, found)
    _floors(wanted, probe, found)
    replaces = probe.alive.pid > 0 and probe.alive.program != wanted.program
    if wanted.start and not probe.alive.pid:
        found.add(">", "pm", "not running", "start")
    for path in probe.pipes if probe.alive.pid else ():
        found.add("~", path, "deleted or replaced: pm does not read it", "load")
    if probe.alive.program == wanted.program:
        _behind(probe.subs, wanted.program, found)
    return Steps(
        tuple(found.changes),
        push_program=not probe.present,
        replaces=replaces and bool(found.changes),
        dropped=tuple(_dropped(wanted, probe)),
        fresh=not old.program,
    )


def _program(wanted: Wanted, probe: Probe, found: _Found) -> None:
    old, runs = probe.deployed.program, probe.alive.program
    if not old:
        found.add("+", "program", wanted.program)
    elif old != wanted.program:
        action = "reexec" if runs else ""
        found.add("~", "program", f"{printable(old, 64)} -> {wanted.program}", action)
    elif probe.alive.pid and runs != wanted.program:
        found.add("~", "program", f"runs {runs}, wanted {wanted.program}", "reexec")
    elif probe.python is not None and probe.python.verdict != "same":
        action = "reexec" if probe.alive.pid else ""
        found.add("~", "program", "the node's Python is another one now", action)


def _behind(
    subs: Mapping[str, Any], program: str, found: _Found, above: tuple[str, ...] = ()
) -> None:
    """Living sub-pms that did not follow an earlier change of program."""
    for name, inner in subs.items():
        if not isinstance(inner, dict) or inner.get("alive") is not True:
            continue
        path, runs = (*above, str(name)), str(table(inner.get("status")).get("hash", program))
        if runs != program:
            shown = printable(address.format(path), 200)
            found.add("~", f"pm {shown}", f"runs {printable(runs, 64)}, wanted {program}", "reexec")
        if len(path) < MAX_DEPTH:
            _behind(table(inner.get("sub")), program, found, path)


def _trust(wanted: Wanted, probe: Probe, found: _Found) -> None:
    old = probe.deployed
    if old.blueprint != sha256(wanted.blueprint):
        detail, diff = describe(probe.blueprint, wanted.blueprint)
        found.add("~" if old.blueprint else "+", "blueprint", detail, "load", diff)
    for fingerprint, ring in wanted.keys.items():
        if fingerprint not in old.keys:
            found.add("+", f"key {fingerprint}")
        elif old.keys[fingerprint] != sha256(ring):
            found.add("~", f"key {fingerprint}", "exported anew")
    for fingerprint in old.keys:
        if fingerprint not in wanted.keys:
            found.add("-", f"key {printable(fingerprint, 64)}")


def _settings(wanted: Wanted, probe: Probe, found: _Found) -> None:
    old = probe.deployed
    if not old.program:
        return
    told = {"pipe": probe.pipe, "register": wanted.node.register, "install": wanted.node.install}
    for name, value in told.items():
        before = str(getattr(old, name))
        if before != value:
            found.add("~", name, f"{printable(before, 200)} -> {value}")
    for line in probe.changed:
        path, _, what = line.rpartition(": ")
        found.add("~", path, "missing" if "open" in what else "changed on the node")


def _floors(wanted: Wanted, probe: Probe, found: _Found) -> None:
    """Lanes in which the node was left so far behind that it could soon take no step any more. (One
    of which it holds nothing gets its floor with the next change.)"""
    for lane, serial in sorted(wanted.floors.items()):
        before = probe.serials.get(lane, 0)
        if before and left_behind(before, serial):
            found.add("~", f"floor of lane {lane}", f"{before} -> {serial}")


def _dropped(wanted: Wanted, probe: Probe) -> Iterator[str]:
    """Addresses below the node of what lives in spots that the new blueprint does not have."""
    gone = set(spots(read_object(probe.blueprint))) - set(spots(read_object(wanted.blueprint)))
    if not gone:
        return
    for steps in sorted(_live(probe.units, probe.subs)):
        if steps in gone:
            yield address.format(steps)


def _live(
    status: Mapping[str, Any], subs: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The steps to every unit that is not stopped; a stage's unit counts as its spot."""
    for name, unit in table(status.get("units")).items():
        if isinstance(unit, dict) and unit.get("state") != "STOPPED":
            yield (*above, _spot(str(name)))
    if len(above) >= MAX_DEPTH:
        return
    for name, inner in subs.items():
        if isinstance(inner, dict):
            yield from _live(
                table(inner.get("status")), table(inner.get("sub")), (*above, str(name))
            )


def _spot(name: str) -> str:
    """`web`, also for the unit `lua-5.4.4!setup@web` of a stage."""
    try:
        name = address.parse(name)[-1] if name.startswith("[") else name
    except FormatError:
        return name
    return stages.spot(name) or name
