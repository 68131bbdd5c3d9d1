"""Every joint state that a few units can reach holds the laws, and a kind world ends well.

How many states and turns is said at the end of the run. See tests/support/pmjoint.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, compress, permutations, product
from typing import Any

import pytest
from tests.support.pmjoint import explore
from tests.support.pmscript import spec
from tests.support.proofs import Proof

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


def shapes(names: str) -> Iterator[tuple[str, ...]]:
    """The edges of each connected graph without cycles over all of these units, once where only
    the names differ."""
    pairs, seen = ["".join(pair) for pair in combinations(names, 2)], set()
    for bits in product((False, True), repeat=len(pairs)):
        edges = tuple(compress(pairs, bits))
        swapped = (str.maketrans(names, "".join(order)) for order in permutations(names))
        alike = frozenset(frozenset(edge.translate(swap) for edge in edges) for swap in swapped)
        if _connected(names, edges) and alike not in seen:
            seen.add(alike)
            yield edges


def _connected(names: str, edges: tuple[str, ...]) -> bool:
    reached = {names[0]}
    for _ in names:
        reached.update(*(edge for edge in edges if reached & {*edge}))
    return reached == {*names}


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_three_units(shape: str, kind: str, proof: Proof) -> None:
    counts = explore(units([(pair, kind) for pair in SHAPES[shape]]), instant=True)
    assert counts.states > 500
    proof("model, 3 units", **counts._asdict())


@pytest.mark.parametrize("kind", ["resource", "mount", "job", "unwell"])
def test_a_process_that_needs_another_kind(kind: str, proof: Proof) -> None:
    pair = {"a": spec("a", ALONE[kind]), "b": spec("b", ["needs=a"])}
    proof("model, kinds beside a process", **explore(pair, instant=True)._asdict())


ALONE = {
    "wait": [],
    "notify": ['ready={"how":"notify"}'],
    "check": ['ready={"how":"check"}', "check=c"],
    "reloads": ['reload={"signal":"HUP"}'],
    "resource": ["kind=resource", "check=c", "make=m", "undo=u", "check_every=9"],
    "drift only reported": ["kind=resource", "check=c", "make=m", "undo=u", "drift=report"],
    "job": ["kind=job", "command=c"],
    "job at each boot": ["kind=job", "command=c", "each=boot", "undo=u"],
    "mount": ["kind=mount", 'mount={"type":"tmpfs","at":"a"}', "check_every=9"],
    "timer": ["kind=timer", 'timer={"unit":"b","do":"start","every":1000}'],
    "resource without undo": ["kind=resource", "check=c", "make=m"],
    "subpm": ["kind=subpm", "mode=user"],
    "never restarted": ["restart=never"],
    "health": ['health={"how":"command","command":["h"],"failures":2}', 'reload={"signal":"HUP"}'],
    "health only reported": ['health={"how":"file","path":"f","on_failure":"report"}'],
    "unwell": ['health={"how":"file","path":"f","failures":1}', 'reload={"signal":"HUP"}'],
    "ready by asking": ['ready={"how":"tcp","address":"[::1]:1"}'],
    "watchdog": ["watchdog=9", 'ready={"how":"notify"}', "restart=on-failure"],
}


@pytest.mark.parametrize("kind", ALONE)
def test_one_unit_in_an_unkind_world(kind: str, proof: Proof) -> None:
    """Steps that never come to be, that ignore TERM, starts and checks that hang."""
    counts = explore({"a": spec("a", ALONE[kind])}, instant=False)
    proof("model, each kind in an unkind world", **counts._asdict())


def test_two_makers_of_one_root(proof: Proof) -> None:
    """In a world where steps end in time."""
    words = ["kind=resource", "check=c", "make=m", "undo=u", "excl=root"]
    counts = explore({n: spec(n, words) for n in "ab"}, instant=True)
    proof("model, 2 makers of one root", **counts._asdict())


@pytest.mark.nightly
@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_three_units_with_all_mixtures_of_edges(shape: str, first: str, proof: Proof) -> None:
    """In pieces by the kind of the first edge."""
    pairs, total = SHAPES[shape], Counter[str]()
    for others in product(KINDS, repeat=len(pairs) - 1):
        edges = list(zip(pairs, (first, *others), strict=True))
        total.update(graphs=1, **explore(units(edges), instant=True)._asdict())
    proof("model, 3 units, all mixtures of edges", **total)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["need", "want", "after", "need:ignore"])
def test_two_units_in_an_unkind_world(kind: str, proof: Proof) -> None:
    counts = explore(units([("ab", kind)]), instant=False)
    proof("model, 2 units in an unkind world", **counts._asdict())


def test_shapes_are_all_there() -> None:
    """As many as there are connected graphs of 1 to 5 units, with edges one way and no cycles."""
    assert [len([*shapes("abcde"[:n])]) for n in (1, 2, 3, 4, 5)] == [1, 1, 4, 24, 267]
    assert {*shapes("abc")} == {*SHAPES.values()}


@pytest.mark.nightly
@pytest.mark.parametrize("shape", [*shapes("abcd")], ids="-".join)
def test_four_units(shape: tuple[str, ...], proof: Proof) -> None:
    counts = explore(units([(pair, "need") for pair in shape]), instant=True)
    proof("model, 4 units, every shape", shapes=1, **counts._asdict())
