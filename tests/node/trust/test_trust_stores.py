"""Stores of others: the blueprint says which a spot's builds are taken from, and whose word is
good there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.trust import forge

from enve_fire.unit import stores as added
from enve_pm.core import ceiling, policy, stores
from enve_pm.core.refusal import CEILING, FormatError, Refused
from enve_pm.core.unit import UnitSpec
from enve_pm.wire import canonical, record

URL = "https://builds.example/store"
ALICE, CI, OLD = "A" * 40, "C" * 40, "D" * 40
RINGS = {ALICE: b"ring of alice", CI: b"ring of ci", OLD: b"ring of old"}


def blueprint(**spots: Any) -> Any:
    holes = [
        forge.keyhole(ALICE),
        forge.keyhole(CI, "ci", may=["build"], scope=["*.web", "*.tenants.**"]),
        forge.keyhole(OLD, "old", may=["march", "build"], scope=["*.web"], until=500),
    ]
    pms = {"tenants": {"mode": "user", "spots": {"shop": {"stores": [URL]}}}}
    value = forge.blueprint(holes, spots=spots, pms=pms)
    return record.parse_blueprint(canonical.dumps(value), False)


def line(name: str = "[lua-5!build@web]", do: str = "build", **body: Any) -> UnitSpec:
    table = {"enve": 1, "title": "lua", "version": "5", "prefix": "/opt/lua"}
    stage = {"do": do, "url": "git+https://h/p", "table": table, **body}
    return UnitSpec.parse({"v": 1, "name": name, "kind": "stage", "stage": stage})


def rings(fingerprints: Any) -> list[Any]:
    return [(SimpleNamespace(primary=one), RINGS[one]) for one in fingerprints]


def said(spec: UnitSpec, **spots: Any) -> Any:
    return stores.put(spec, blueprint(**spots), rings).get("stage", {}).get("stores")


def test_a_build_is_told_what_its_spot_may_take_from_whom() -> None:
    found = said(line(), web={"stores": [URL]}, db={})
    keys = [(one["ring"], one["until"]) for one in found["keys"]]
    assert found["from"] == [URL]
    assert keys == [(stores.encoded(RINGS[CI]), 0), (stores.encoded(RINGS[OLD]), 500)]
    UnitSpec.parse({**line().raw, **stores.put(line(), blueprint(web={"stores": [URL]}), rings)})
    assert said(line("[lua-5!install@web]", "install"), web={"stores": [URL]}) == found
    nested = said(line("tenants.[lua-5!build@shop]"), web={})
    assert [one["ring"] for one in nested["keys"]] == [stores.encoded(RINGS[CI])]


@pytest.mark.parametrize(
    "spec",
    [
        line("[lua-5!setup@web]", "setup"),
        line("[lua-5!build@db]"),
        line(artifact="https://h/lua.tar.gz"),
    ],
    ids=["no build", "another spot", "it is somewhere else"],
)
def test_nothing_else_is_told(spec: UnitSpec) -> None:
    assert said(spec, web={"stores": [URL]}, db={}) is None


def test_no_plan_says_it() -> None:
    spec = line(stores={"from": [URL], "keys": []})
    with pytest.raises(Refused, match="stores come from the blueprint") as refused:
        ceiling.check(spec, blueprint(web={"stores": [URL]}).tree, "/home/pm")
    assert refused.value.code == CEILING


@pytest.mark.parametrize("url", ["file:///srv", "ftp://h/x", "https://h/a b", "", 7])
def test_a_store_is_on_the_web(url: Any) -> None:
    with pytest.raises(FormatError, match="stores"):
        blueprint(web={"stores": [url]})


def test_who_builds_does_not_march() -> None:
    with pytest.raises(Refused, match="key ci may not march"):
        policy.rightful(blueprint(web={}), [CI], "main", 100)


@pytest.mark.parametrize(("now", "ring"), [(400, b"ring of ciring of old"), (600, b"ring of ci")])
def test_a_key_counts_while_its_keyhole_is_open(now: int, ring: bytes) -> None:
    store: Any = SimpleNamespace(webs=[], ring="")
    added.add(store, said(line(), web={"stores": [URL + "/"]}), now)
    assert (store.webs, store.ring) == ([URL], ring)
