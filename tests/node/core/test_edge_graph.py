"""Cycles, order and the text tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.pmscript import spec

from enve_pm.core import graph
from enve_pm.core.unit import UnitSpec


def specs(**edges: str) -> dict[str, UnitSpec]:
    """`specs(web="needs=db,cache after=net")`"""
    return {name: spec(name, text.split()) for name, text in edges.items()}


def test_cycle_is_printed_with_its_edges() -> None:
    found = specs(a="needs=b", b="wants=c after=c", c="after=b", d="needs=a")
    cycle = graph.find_cycle(found, ["d"])
    assert cycle == ["b", "c", "b"]
    assert graph.show_cycle(found, cycle) == "b wants+after c after b"


def test_no_cycle() -> None:
    found = specs(a="needs=b,c", b="needs=d", c="needs=d,nobody", d="")
    assert graph.find_cycle(found, found) == []
    assert graph.find_cycle(found, ["nobody"]) == []


def test_ten_thousand_units_without_recursion() -> None:
    line = {f"u{i}": spec(f"u{i}", [f"needs=u{i + 1}"]) for i in range(10_000)}
    assert graph.find_cycle(line, line) == []
    assert graph.order(line)[:2] == ["u9999", "u9998"]
    line["u10000"] = spec("u10000", ["needs=u0"])
    assert len(graph.find_cycle(line, ["u0"])) == 10_002


@st.composite
def dags(draw: st.DrawFn) -> dict[str, UnitSpec]:
    count = draw(st.integers(1, 8))
    found = {}
    for i in draw(st.permutations(range(count))):
        below = draw(st.sets(st.integers(0, i - 1))) if i else set()
        needs = "needs=" + ",".join(f"u{j}" for j in below)
        found[f"u{i}"] = spec(f"u{i}", [needs] if below else [])
    return found


@given(dags())
def test_order_puts_needs_first(found: dict[str, UnitSpec]) -> None:
    placed = graph.order(found)
    assert sorted(placed) == sorted(found)
    for name, item in found.items():
        assert all(placed.index(need) < placed.index(name) for need in item.needs)
    assert graph.find_cycle(found, found) == []


@given(dags(), st.data())
def test_an_edge_back_is_found(found: dict[str, UnitSpec], data: st.DataObject) -> None:
    edges = [(name, need) for name, item in found.items() for need in item.needs]
    if not edges:
        return
    name, need = data.draw(st.sampled_from(edges))
    found[need] = spec(need, ["needs=" + ",".join([*found[need].needs, name])])
    cycle = graph.find_cycle(found, found)
    assert cycle and cycle[0] == cycle[-1]
    assert all(b in found[a].needs for a, b in zip(cycle, cycle[1:]))  # noqa: B905, RUF007
