"""Patterns that mean units of nodes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enve.core.selection import select_units
from enve.errors import UsageError
from enve.model.site import Connection, Domain, Node

NAMES = ("web01", "web02", "db1", "a.example.com")
DOMAIN = Domain(
    "x",
    {name: Node(name, Connection(host=name)) for name in NAMES},
    {"web": ("web01", "web02")},
)
UNITS = [(node, unit) for node in NAMES for unit in ("edge", "tenants", "tenants.shop", "db")]
EVERY = " ".join(f"{node}/{unit}" for node, unit in UNITS)


@pytest.mark.parametrize(
    ("patterns", "nodes", "found"),
    [
        ([], " ".join(NAMES), EVERY),
        (["all"], " ".join(NAMES), EVERY),
        (["db1"], "db1", "db1/edge db1/tenants db1/tenants.shop db1/db"),
        (["web01.**"], "web01", "web01/edge web01/tenants web01/tenants.shop web01/db"),
        (
            ["web*.*"],
            "web01 web02",
            "web01/edge web01/tenants web01/db web02/edge web02/tenants web02/db",
        ),
        (["web*.edge"], "web01 web02", "web01/edge web02/edge"),
        (["group:web.tenants.*"], "web01 web02", "web01/tenants.shop web02/tenants.shop"),
        (["**.shop"], " ".join(NAMES), " ".join(f"{n}/tenants.shop" for n in NAMES)),
        (["[a.example.com].db"], "a.example.com", "a.example.com/db"),
        (["a.example.com:!a.example.com"], None, ""),
        (["web01:!web01.tenants.**"], "web01", "web01/edge web01/db"),
        (["web*.edge,db1.db"], "web01 web02 db1", "web01/edge web02/edge db1/db"),
        (["*.edge", "&web"], "web01 web02", "web01/edge web02/edge"),
        (["*.edge:!web02"], "web01 db1 a.example.com", "web01/edge db1/edge a.example.com/edge"),
        (["web01.edge.service"], "web01", "web01/edge"),
    ],
)
def test_what_is_listed(patterns: list[str], nodes: str | None, found: str) -> None:
    if nodes is None:
        with pytest.raises(UsageError):
            select_units(DOMAIN, patterns)
        return
    selection = select_units(DOMAIN, patterns)
    assert [node.name for node in selection.nodes] == nodes.split()
    covered = [f"{node}/{unit}" for node, unit in UNITS if selection.covers(node, unit)]
    assert sorted(covered) == sorted(found.split())


@pytest.mark.parametrize("pattern", ["wbe*.edge", "web01..x", "web01.[x", "webb", "group:w.x"])
def test_what_can_mean_nothing(pattern: str) -> None:
    with pytest.raises(UsageError):
        select_units(DOMAIN, [pattern])


@example("~[[")
@example("~a{99999999999999}")
@given(st.text(alphabet="web01db.*[]:!&,~?group ", max_size=30))
def test_any_text_is_a_selection_or_a_usage_error(text: str) -> None:
    try:
        selection = select_units(DOMAIN, [text])
    except UsageError:
        return
    for node, unit in UNITS:
        if selection.covers(node, unit):
            assert node in [one.name for one in selection.nodes]
