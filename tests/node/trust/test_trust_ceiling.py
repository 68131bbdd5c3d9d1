"""Ceilings: a plan can only go below them, and what it leaves open they fill in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.node.trust import forge

from enve_pm.core import ceiling
from enve_pm.core.refusal import CEILING, FormatError, Refused
from enve_pm.core.unit import UnitSpec
from enve_pm.wire import canonical, record

CASES = json.loads(Path("tests/cases/trust/ceiling.json").read_text().replace("HASH", "ab" * 32))
HOME = "/home/pm"


def tree(case: dict[str, Any]) -> Any:
    spots = {**case.get("beside", {}), **({"web": case["spot"]} if "spot" in case else {})}
    pms = {**case.get("pms", {}), **({"web": case["pm"]} if "pm" in case else {})}
    value = forge.blueprint([], spots=spots, pms=pms)
    system = bool({"user", "mode"} & {*case.get("spot", {}), *case.get("pm", {})})
    return record.parse_blueprint(canonical.dumps(value), system).tree


def spec(line: dict[str, Any], name: str = "web") -> UnitSpec:
    command = {} if line.get("kind", "process") != "process" else {"command": ["sleep", "1"]}
    return UnitSpec.parse({"v": 1, "name": name, **command, **line})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    unit = spec(case["line"])
    if not case.get("ok"):
        with pytest.raises(Refused) as refused:
            ceiling.check(unit, tree(case), HOME)
        assert refused.value.code == CEILING
        assert "web" in refused.value.reason
        return
    ceiling.check(unit, tree(case), HOME)
    settled = ceiling.settle(unit, tree(case))
    if "settled" in case:
        assert settled == {**unit.raw, **case["settled"]}
    ceiling.check(UnitSpec.parse(settled), tree(case), HOME)  # what is filled in is allowed


@pytest.mark.parametrize("name", ["db", "web.x", "tenants", "tenants.x", "tenants.shop.x"])
def test_a_plan_makes_up_no_spots(name: str) -> None:
    value = forge.blueprint([], spots={"web": {}})
    nodes = record.parse_blueprint(canonical.dumps(value), False)
    if name == "tenants":  # a pm, not a spot
        with pytest.raises(Refused, match="is a pm"):
            ceiling.check(spec({}, name), nodes.tree, HOME)
        return
    with pytest.raises(Refused, match="no spot"):
        ceiling.check(spec({}, name), nodes.tree, HOME)


def test_the_directory_of_a_nested_spot() -> None:
    assert ceiling.directory(HOME, "a.[b c].d") == "/home/pm/spots/a/spots/b%20c/spots/d"
    value = forge.blueprint([])
    nodes = record.parse_blueprint(canonical.dumps(value), False)
    inside = "/home/pm/spots/tenants/spots/shop/x"
    ceiling.check(spec({"cwd": inside}, "tenants.shop"), nodes.tree, HOME)
    with pytest.raises(Refused, match="cwd"):
        ceiling.check(spec({"cwd": inside}, "tenants.blog"), nodes.tree, HOME)


def test_only_the_nodes_own_pm_has_loaders() -> None:
    spots = {"pull": {"kinds": ["loader"]}}
    value = forge.blueprint([], spots=spots, pms={"p": {"mode": "user", "spots": spots}})
    nodes = record.parse_blueprint(canonical.dumps(value), False)
    body = {"kind": "loader", "loader": {"file": "/a"}}
    ceiling.check(spec(body, "pull"), nodes.tree, HOME)
    with pytest.raises(Refused, match="in the node's own pm"):
        ceiling.check(spec(body, "p.pull"), nodes.tree, HOME)


# -- stages ---------------------------------------------------------------------------------------
def stage(do: str, spot: str = "web", **more: Any) -> UnitSpec:
    body = {"do": do, "url": "git+https://h/p", "table": {}, **more.pop("body", {})}
    return spec({"kind": "stage", "stage": body, **more}, f"[lua-5.4!{do}@{spot}]")


def laid(**ceiling_of_web: Any) -> Any:
    return tree({"spot": {"user": "www", **ceiling_of_web}, "beside": {"db": {"user": "db"}}})


def test_a_stage_has_the_ceiling_of_its_spot() -> None:
    found = laid(rlimits={"nofile": 64}, limits={"pids": 9}, read_only=True, writes=["/srv"])
    settled = ceiling.settle(stage("build"), found)
    assert settled["user"] == "www"
    assert settled["rlimits"] == {"nofile": 64}
    assert settled["limits"] == {"pids": 9}
    assert (settled["read_only"], settled["writable"]) == (True, ["/srv"])
    ceiling.check(UnitSpec.parse(settled), found, HOME)
    assert ceiling.settle(stage("build", "db"), found)["user"] == "db"


@pytest.mark.parametrize(
    ("ceilings", "line", "why"),
    [
        ({"kinds": ["resource", "timer"]}, {}, "kind"),
        ({}, {"user": "db"}, "user"),
        ({}, {"nice": -1}, "nice"),
        ({"limits": {"pids": 9}}, {"limits": {"pids": 10}}, "limits"),
        ({}, {"excl": "disk"}, "excl"),
        ({}, {"body": {"place": "/etc"}}, "place"),
        ({}, {"body": {"place": "/home/pm/spots/db/x"}}, "place"),
        ({"read_only": True}, {"read_only": True, "writable": ["/etc"]}, "writable"),
    ],
)
def test_a_stage_above_it(ceilings: Any, line: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        ceiling.check(stage("build", **line), laid(**ceilings), HOME)


def test_where_it_may_be_installed() -> None:
    found = laid(writes=["/srv"])
    for place in ("/srv/x", "/home/pm/spots/web/x"):
        ceiling.check(stage("install", body={"place": place}), found, HOME)


def test_no_spot_is_called_like_a_stage() -> None:
    value = forge.blueprint([], spots={"lua!build@web": {}})
    with pytest.raises(FormatError, match="stage of another spot"):
        record.parse_blueprint(canonical.dumps(value), False)
