"""Graphs of units as text, and as graphviz reads them."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import address, picture
from enve_pm.core.picture import Knot

GRAPH = {
    "top": Knot("RUNNING", "ok", [("need", "web"), ("want", "db")]),
    "web": Knot("SCHE_START", "dependency:db", [("need", "db"), ("after", "gone")]),
    "db": Knot("FAIL", "exit:1", []),
}
NESTED = {
    "tenants": Knot("RUNNING", "ok"),
    "tenants.shop": Knot("RUNNING", "ok", [("need", 'tenants.[a "b"]')]),
    'tenants.[a "b"]': Knot(),
    "deep.deeper.unit": Knot("STOPPED"),
}


def test_a_tree_draws_a_subtree_once() -> None:
    assert picture.tree(GRAPH, ["top", "web"]) == [
        "top  RUNNING",
        "  web  SCHE_START  dependency:db",
        "    db  FAIL  exit:1",
        "    gone [after] (missing)",
        "  db [want]  FAIL  exit:1",
        "web  SCHE_START  dependency:db ...",
    ]


def test_a_tree_ends_on_a_cycle() -> None:
    cycle = {"a": Knot(edges=[("after", "b")]), "b": Knot(edges=[("after", "a")])}
    assert picture.tree(cycle, ["a"]) == ["a", "  b [after]", "    a [after] ..."]


def test_reversed_it_shows_who_depends_on_a_unit() -> None:
    assert picture.tree(picture.reverse(GRAPH), ["db"]) == [
        "db  FAIL  exit:1",
        "  top [want]  RUNNING",
        "  web  SCHE_START  dependency:db",
        "    top  RUNNING",
    ]
    assert picture.reverse(GRAPH)["gone"].edges == [("after", "web")]


@pytest.mark.parametrize(("depth", "names"), [(0, "top"), (1, "db top web"), (9, "db top web")])
def test_what_lies_around(depth: int, names: str) -> None:
    found = picture.around(GRAPH, ["top"], depth)
    assert sorted(found) == names.split()
    assert all(other in found or other == "gone" for k in found.values() for _, other in k.edges)


def test_a_graph_for_graphviz() -> None:
    lines = picture.dot(GRAPH)
    assert '  "top" -> "db" [style=dashed];' in lines
    assert '  "db" [label="db\\nFAIL\\nexit:1", fillcolor="lightcoral"];' in lines
    boxes = [line.strip() for line in picture.dot(NESTED) if "label=" in line and "[" not in line]
    assert boxes == ['label="deep";', 'label="deep.deeper";', 'label="tenants";']


NAMES = st.lists(
    st.text('ab."\\{}<>|é', min_size=1, max_size=6).filter(lambda name: name.strip(".")),
    min_size=1,
    max_size=3,
)


@given(st.dictionaries(NAMES.map(tuple).map(address.format), st.just(Knot("FAIL", '\\n"'))))
def test_graphs_of_any_names_are_balanced(graph: dict[str, Knot]) -> None:
    text = "\n".join(picture.dot(graph))
    plain = text.replace("\\\\", "").replace('\\"', "")
    assert plain.count('"') % 2 == 0
    assert text.endswith("}")


@pytest.mark.graphviz
def test_graphviz_reads_it() -> None:
    text = "\n".join(picture.dot({**GRAPH, **NESTED}))
    subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
