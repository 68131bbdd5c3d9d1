"""Every joint state that a few units can reach holds the laws, and a kind world ends well.

Printed with `pytest -s`: how many states and turns. See tests/support/pmjoint.py.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tests.support.pmjoint import Counts, explore
from tests.support.pmscript import spec

from enve_pm.core.unit import UnitSpec

# Connected graphs without cycles; "ab": b has an edge to a.
SHAPES = {
    "chain": ("ab", "bc"),
    "fork": ("ab", "ac"),
    "join": ("ac", "bc"),
    "triangle": ("ab", "ac", "bc"),
}
KINDS: dict[str, dict[str, str]] = {
    "need": {"needs": ""},
    "want": {"wants": ""},
    "after": {"after": ""},
    "want+after": {"wants": "", "after": ""},
    "need:reload": {"needs": "reload"},
    "need:ignore": {"needs": "ignore"},
}
PLAIN = ("need", "want", "after", "want+after")
SHAPES4 = {
    "chain": ("ab", "bc", "cd"),
    "star": ("ab", "ac", "ad"),
    "sink": ("ad", "bd", "cd"),
    "diamond": ("ab", "ac", "bd", "cd"),
}


def units(edges: list[tuple[str, str]], extra: dict[str, Any] | None = None) -> dict[str, UnitSpec]:
    """Specs for edges such as ("ab", "need:reload")."""
    names = sorted({name for pair, _ in edges for name in pair})
    lines = {n: {"v": 1, "name": n, "command": ["x"], **(extra or {})} for n in names}
    for (to, name), kind in edges:
        line = lines[name]
        for key, answer in KINDS[kind].items():
            line.setdefault(key, []).append(to)
            if answer:
                line.setdefault("on_restart", {})[to] = answer
                line["reload"] = {"signal": "HUP"}
    return {name: UnitSpec.parse(line) for name, line in lines.items()}


def _show(what: str, counts: Counts) -> None:
    print(f"{what}: {counts.states} joint states, {counts.turns} turns")


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_three_units(shape: str, kind: str) -> None:
    counts = explore(units([(pair, kind) for pair in SHAPES[shape]]), instant=True)
    _show(f"{shape} {kind}", counts)
    assert counts.states > 500


@pytest.mark.parametrize("kind", ["need:reload", "need:ignore"])
@pytest.mark.parametrize("shape", ["fork"])
def test_three_units_with_answers_to_restarts(shape: str, kind: str) -> None:
    _show(f"{shape} {kind}", explore(units([(p, kind) for p in SHAPES[shape]]), instant=True))


def test_a_process_that_needs_what_is_made() -> None:
    made = spec("a", ["kind=resource", "check=c", "make=m", "undo=u"])
    _show("made, used", explore({"a": made, "b": spec("b", ["needs=a"])}, instant=True))


ALONE = {
    "wait": [],
    "notify": ['ready={"how":"notify"}'],
    "check": ['ready={"how":"check"}', "check=c"],
    "reloads": ['reload={"signal":"HUP"}'],
    "resource": ["kind=resource", "check=c", "make=m", "undo=u", "check_every=9"],
    "drift only reported": ["kind=resource", "check=c", "make=m", "undo=u", "drift=report"],
    "job": ["kind=job", "command=c"],
    "resource without undo": ["kind=resource", "check=c", "make=m"],
    "subpm": ["kind=subpm", "mode=user"],
    "never restarted": ["restart=never"],
    "health": ['health={"how":"command","command":["h"],"failures":2}', 'reload={"signal":"HUP"}'],
    "health only reported": ['health={"how":"file","path":"f","on_failure":"report"}'],
    "ready by asking": ['ready={"how":"tcp","address":"[::1]:1"}'],
    "watchdog": ["watchdog=9", 'ready={"how":"notify"}', "restart=on-failure"],
}


def test_a_process_that_needs_one_that_may_be_unwell() -> None:
    unwell = spec("a", ['health={"how":"file","path":"f","failures":1}', 'reload={"signal":"HUP"}'])
    _show("unwell", explore({"a": unwell, "b": spec("b", ["needs=a"])}, instant=True))


@pytest.mark.parametrize("kind", ALONE)
def test_one_unit_in_an_unkind_world(kind: str) -> None:
    """Steps that never come to be, that ignore TERM, starts and checks that hang."""
    _show(kind, explore({"a": spec("a", ALONE[kind])}, instant=False))


def test_two_makers_of_one_root() -> None:
    """In a world where steps end in time."""
    words = ["kind=resource", "check=c", "make=m", "undo=u", "excl=root"]
    _show("excl", explore({n: spec(n, words) for n in "ab"}, instant=True))


@pytest.mark.nightly
@pytest.mark.parametrize("shape", SHAPES)
def test_three_units_with_all_mixtures_of_edges(shape: str) -> None:
    pairs = SHAPES[shape]
    for kinds in product(KINDS, repeat=len(pairs)):
        edges = list(zip(pairs, kinds, strict=True))
        _show(f"{shape} {kinds}", explore(units(edges), instant=True))


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["need", "want", "after", "need:ignore"])
def test_two_units_in_an_unkind_world(kind: str) -> None:
    _show(f"unkind {kind}", explore(units([("ab", kind)]), instant=False))


@pytest.mark.nightly
@pytest.mark.parametrize("shape", SHAPES4)
def test_four_units(shape: str) -> None:
    _show(f"4 {shape}", explore(units([(pair, "need") for pair in SHAPES4[shape]]), instant=True))
