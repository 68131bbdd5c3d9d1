"""Judging a stream: a table of cases in words, and laws that hold whatever comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.node.trust import forge

from enve_pm.core import policy
from enve_pm.core.delta import make
from enve_pm.core.refusal import CODES
from enve_pm.wire import canonical, merkle, record
from enve_pm.wire import head as heads

CASES = json.loads(Path("tests/cases/trust/policy.json").read_text())
FPRS = {"alice": "A" * 40, "bob": "B" * 40, "mallory": "C" * 40}
HASHES = {"held": "11" * 32, "other": "22" * 32}
NOW = forge.NOW + 60


def lines(table: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: forge.line(name, **keys) for name, keys in table.items()}


def blueprint(case: Mapping[str, Any]) -> Any:
    scopes = {"alice": ["**"], "bob": ["web1.db"]}
    keyholes = [
        {"scope": scopes[name], **forge.keyhole(FPRS[name], name, scope=scopes[name]), **more}
        for name in scopes
        for more in [case.get("keyholes", {}).get(name, {})]
    ]
    value = forge.blueprint(keyholes, **case.get("blueprint", {}))
    return record.parse_blueprint(canonical.dumps(value), False)


def node(case: Mapping[str, Any], offered: str) -> policy.Node:
    lanes = {
        lane: policy.Lane(7, "33" * 32, forge.part(lines(table), lane=lane))
        for lane, table in case.get("lanes", {}).items()
    }
    held = case.get("held")
    if held is not None:
        name = offered if held.get("this") else HASHES["held"]
        lanes["main"] = policy.Lane(held.get("serial", 1), name, forge.part(lines(held["lines"])))
    floors = {"main": case["floor"]} if "floor" in case else {}
    return policy.Node(blueprint(case), lanes, floors, "/home/pm")


def plan(case: Mapping[str, Any]) -> forge.Plan:
    keys = dict(case.get("plan", {}))
    held = case.get("held")
    if held is not None and not held.get("this"):
        serial = held.get("serial", 1)
        keys.setdefault("serial", serial + 1)
        if serial < keys["serial"]:
            keys.setdefault("bases", [[serial, "held"]])
    elif held is not None:
        keys["serial"] = 1
    keys["bases"] = tuple((serial, HASHES[name]) for serial, name in keys.get("bases", []))
    keys["force_base"] = HASHES.get(keys.get("force_base", ""), "")
    table = case.get("raw") or lines(case.get("lines", {"web": {}}))
    made = forge.Plan.of(table, **keys)
    if "part_lane" in case:
        made.parts["web1"].header["lane"] = case["part_lane"]
    return made


def offer(case: Mapping[str, Any], made: forge.Plan) -> policy.Offer:
    who = case.get("part_of", "web1")
    part = made.parts[who]
    proof = made.proof(who)
    kind, body = "part", part.encode()
    if case.get("kind") == "delta":
        base = case.get("delta_from", case.get("held", {}).get("lines", {}))
        delta = make(forge.part(lines(base)).hashes, part)
        kind, body = delta.kind, delta.encode()
    if case.get("tamper") == "part":
        proof = proof._replace(path=(b"x" * 32,))
    if case.get("tamper") == "body":
        body = body[:-1]

    def proves(leaf: bytes) -> bool:
        return merkle.verify(leaf, proof.index, 2, proof.path, made.tree.root)

    signers = [FPRS[name] for name in case.get("signers", ["alice"])]
    return policy.Offer(heads.parse(made.head), made.hash, kind, body, proves, signers)


def clock(case: Mapping[str, Any]) -> policy.Clock:
    return policy.Clock(**{"now": NOW, "deployed": 0, "floor": 0, **case.get("clock", {})})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    made = plan(case)
    verdict = policy.judge(node(case, made.hash), offer(case, made), clock(case))
    word = verdict.code if verdict.kind == policy.REJECTED else verdict.kind
    assert word == case["then"], verdict.reason
    assert bool(verdict.forced) == case.get("forced", False)
    if verdict.kind == policy.ACCEPTED:
        assert verdict.part.leaf() == made.parts["web1"].leaf()
        assert set(verdict.specs) == set(verdict.part.lines)
    else:
        assert verdict.part is None
        assert verdict.reason


def test_names_are_unique() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


# -- laws -----------------------------------------------------------------------------------------
SPOTS = st.sampled_from(["web", "db", "job", "tenants.shop", "tenants.blog"])
KEYS = st.fixed_dictionaries(
    {}, optional={"nice": st.integers(0, 2), "want": st.sampled_from(["up", "down"])}
)
TABLES = st.dictionaries(SPOTS, KEYS, max_size=5)
PATTERNS = st.sampled_from(["web1.**", "web1.web", "web1.tenants.*", "web*.db", "db1.**", "**"])


def judged(case: Mapping[str, Any]) -> policy.Verdict:
    made = plan(case)
    return policy.judge(node(case, made.hash), offer(case, made), clock(case))


@given(TABLES, TABLES, st.lists(PATTERNS, max_size=3))
def test_a_key_changes_what_is_in_its_scope_and_nothing_else(
    old: dict[str, Any], new: dict[str, Any], scope: list[str]
) -> None:
    case = {
        "held": {"lines": old},
        "lines": new,
        "signers": ["bob"],
        "keyholes": {"bob": {"scope": scope}},
    }
    verdict = judged(case)
    (keyhole,) = [one for one in blueprint(case).keyholes if one.name == "bob"]
    before, after = lines(old), lines(new)
    differ = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    inside = [
        any(pattern.match(("web1", *name.split("."))) for pattern in keyhole.scope)
        for name in differ
    ]
    assert verdict.kind == (policy.ACCEPTED if all(inside) else policy.REJECTED)
    assert verdict.code == ("" if all(inside) else "scope")


@given(st.integers(1, 200), st.integers(1, 200), st.lists(st.integers(1, 199), max_size=8))
def test_order_is_never_turned_back(held: int, serial: int, bases: list[int]) -> None:
    chain = sorted({base for base in bases if base < serial}, reverse=True)
    rows = [[base, "held" if base == held else "other"] for base in chain]
    case = {
        "held": {"lines": {"web": {}}, "serial": held},
        "lines": {"web": {}},
        "plan": {"serial": serial, "bases": rows},
    }
    verdict = judged(case)
    follows = held in chain or bool(chain and held < chain[-1])
    assert (verdict.kind == policy.ACCEPTED) == (serial > held and follows)


MOMENTS = st.integers(0, 4 * 10**9)


@given(
    st.tuples(MOMENTS, MOMENTS, MOMENTS, MOMENTS), st.integers(0, 10**9), st.integers(1, 4 * 10**9)
)
def test_time_never_opens_an_expired_key_or_head(
    moments: tuple[int, int, int, int], life: int, until: int
) -> None:
    now, deployed, floor, issued = moments
    case = {
        "clock": {"now": now, "deployed": deployed, "floor": floor},
        "plan": {"issued": issued, "expires": issued + life},
        "keyholes": {"alice": {"until": until}},
    }
    verdict = judged(case)
    latest = max(now, floor)
    if latest > until or latest > issued + life:
        assert verdict.kind == policy.REJECTED
    if verdict.kind == policy.ACCEPTED:
        limit = now + 86_400 if now >= deployed else deployed + 400 * 86_400
        assert issued <= limit  # so the floor, raised to `issued`, stays within reach of a clock


@given(TABLES, TABLES, st.lists(st.sampled_from(sorted(FPRS)), max_size=4), st.integers(1, 3))
def test_a_threshold_counts_keys(
    old: dict[str, Any], new: dict[str, Any], signers: list[str], threshold: int
) -> None:
    case = {
        "held": {"lines": old},
        "lines": new,
        "signers": signers,
        "blueprint": {"threshold": threshold},
        "keyholes": {"bob": {"scope": ["**"]}},
    }
    enough = len({name for name in signers if name != "mallory"}) >= threshold
    assert judged(case).kind == (policy.ACCEPTED if enough else policy.REJECTED)


@given(st.binary(max_size=60), st.sampled_from(["part", "delta", "same"]), st.booleans())
def test_any_body_is_answered(body: bytes, kind: str, proves: bool) -> None:
    case = {"held": {"lines": {"web": {}}}}
    made = plan(case)
    asked = offer(case, made)._replace(kind=kind, body=body, proves=lambda leaf: proves)
    verdict = policy.judge(node(case, made.hash), asked, clock(case))
    assert verdict.kind == policy.REJECTED
    assert verdict.code in CODES


@given(TABLES, TABLES)
def test_a_delta_and_the_whole_part_are_judged_alike(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    case = {"held": {"lines": old}, "lines": new, "signers": ["bob"]}
    whole, delta = judged(case), judged({**case, "kind": "delta"})
    assert (whole.kind, whole.code, whole.part) == (delta.kind, delta.code, delta.part)


@given(TABLES, TABLES)
def test_a_spot_has_one_lane(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assume(theirs)
    verdict = judged({"lines": mine, "lanes": {"other": theirs}})
    assert (verdict.code == "lane") == bool(set(mine) & set(theirs))
