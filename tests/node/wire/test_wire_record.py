"""The small files of a node: acks, held.json, trust state, blueprint; read as from a stranger."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.blueprint import LOG, STOP, Ceiling, Pm, find, path, spots
from enve_pm.core.refusal import FormatError, VersionError
from enve_pm.wire import record, truststate
from enve_pm.wire.canonical import dumps, loads

SHA = "ab" * 32
FPR = "0123456789ABCDEF0123456789ABCDEF01234567"
ACK = record.Ack(
    True, "0f" * 8, "failed", "", "why", 3, "main", {"web": {"state": "FAIL", "result": "exit:1"}}
)
LANE = record.Lane(
    b"head",
    (b"sig", b"\xff\x00"),
    {"v": 1, "node": "web1", "lane": "main", "salt": "00" * 16},
    SHA,
    {"index": 1, "path": [SHA]},
    {"web": SHA},
    3,
    2,
    ["web"],
    (FPR,),
)
HELD = record.Held((1, 1), "web1", {"main": LANE}, frozenset([SHA]))
STATE = truststate.State(
    {"main": truststate.Lane(3, SHA, SHA, "00" * 16, 2, (1, 2, 3))}, {"main": 1, "other": 9}
)
BLUEPRINT: dict[str, Any] = {
    "v": 1,
    "domain": "shop.example",
    "node": "web1",
    "epoch": 1,
    "keyholes": [{"fpr": FPR.lower(), "name": "alice", "may": ["march"], "scope": ["web*.**"]}],
    "spots": {"web": {"user": "www", "writes": ["/srv"], "rlimits": {"nofile": -1}}},
    "pms": {
        "tenants": {"mode": "user", "user": "tenants", "spots": {"shop": {}}},
        "deep": {
            "mode": "root",
            "spots": {"a": {"user": "x"}},
            "pms": {"u": {"mode": "user", "user": "y"}},
        },
    },
    "limits": {"inbox": 1000},
}


def test_round_trips() -> None:
    assert record.parse_ack(record.encode_ack(ACK)) == ACK
    again = record.parse_held(record.encode_held(HELD))
    assert again._replace(lanes={}) == HELD._replace(lanes={})
    assert again.lanes["main"] == LANE._replace(manual=["web"])._replace(
        manual=again.lanes["main"].manual
    )
    assert truststate.parse_state(truststate.encode_state(STATE)) == STATE
    clock = truststate.Clock(5, 6)
    assert truststate.parse_clock(truststate.encode_clock(clock)) == clock


@pytest.mark.parametrize(
    ("data", "parse"),
    [
        (record.encode_ack(ACK), record.parse_ack),
        (record.encode_held(HELD), record.parse_held),
        (truststate.encode_state(STATE), truststate.parse_state),
        (truststate.encode_clock(truststate.Clock(1, 2)), truststate.parse_clock),
        (dumps(BLUEPRINT), lambda data: record.parse_blueprint(data, True)),
    ],
    ids=["ack", "held", "state", "clock", "blueprint"],
)
def test_cut_anywhere_and_any_part_of_another_type(
    data: bytes, parse: Callable[[bytes], Any]
) -> None:
    for end in range(len(data.rstrip(b"\n"))):
        with pytest.raises(FormatError):
            parse(data[:end])
    value = loads(data)
    with pytest.raises(VersionError):
        parse(dumps({**value, "v": 2}))
    with pytest.raises(FormatError):
        parse(dumps({**value, "more": 1}))
    for key in value:
        with pytest.raises(FormatError):
            parse(dumps({**value, key: {"x": [None]}}))
        for strange in (None, [None]):
            with pytest.raises(FormatError):
                parse(dumps({**value, key: strange}))


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    for parse in (record.parse_ack, record.parse_held, truststate.parse_state):
        with pytest.raises(FormatError):
            parse(data)


@pytest.mark.parametrize(
    "text", ["a", "YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "ä", "YQ==YQ==", "-_=="]
)
def test_base64_has_one_spelling(text: str) -> None:
    value = loads(record.encode_held(HELD))
    value["lanes"]["main"]["head"] = text
    with pytest.raises(FormatError):
        record.parse_held(dumps(value))
    value["lanes"]["main"]["head"] = base64.b64encode(b"x").decode()
    assert record.parse_held(dumps(value)).lanes["main"].head == b"x"


# -- the blueprint --------------------------------------------------------------------------------
def test_blueprint() -> None:
    blueprint = record.parse_blueprint(dumps(BLUEPRINT), True)
    (keyhole,) = blueprint.keyholes
    assert (keyhole.fpr, keyhole.lanes, keyhole.since, keyhole.until) == (FPR, ("main",), 0, 0)
    assert keyhole.scope[0].match(("web9", "x"))
    assert blueprint.threshold == 1
    assert find(blueprint.tree, ("web",)).user == "www"
    assert find(blueprint.tree, ("tenants", "shop")) == Ceiling(
        "tenants", (), (), (), (), {}, ("process", "job", "resource", "timer"), (), LOG, STOP
    )
    assert isinstance(find(blueprint.tree, ("deep", "u")), Pm)
    assert find(blueprint.tree, ("nowhere", "x")) is None
    assert find(blueprint.tree, ("tenants", "x")) is None
    assert [steps for steps, _ in spots(blueprint.tree)] == [
        ("web",),
        ("deep", "a"),
        ("tenants", "shop"),
    ]


def test_a_users_install_names_no_user() -> None:
    value = {
        **BLUEPRINT,
        "spots": {"web": {}},
        "pms": {"t": {"mode": "user", "spots": {"shop": {}}}},
    }
    blueprint = record.parse_blueprint(dumps(value), False)
    assert find(blueprint.tree, ("web",)).user == ""
    with pytest.raises(FormatError, match="user"):
        record.parse_blueprint(dumps(value), True)


USER_PM = {"mode": "user", "user": "y"}
BAD = [
    {"spots": {"web": {}}},
    {"spots": {"web": {"user": "x", "more": 1}}},
    {"spots": {"web": {"user": ""}}},
    {"spots": {"web": {"user": "x", "writes": ["srv"]}}},
    {"spots": {"web": {"user": "x", "writes": ["/a/../b"]}}},
    {"spots": {"web": {"user": "x", "writes": ["/a//b"]}}},
    {"spots": {"web": {"user": "x", "rlimits": {"nofile": -2}}}},
    {"spots": {"web": {"user": "x", "rlimits": {"files": 1}}}},
    {"spots": {"a*b": {"user": "x"}}},
    {"spots": {"..": {"user": "x"}}},
    {"spots": {"tenants": {"user": "x"}}},
    {"pms": {"t": {"mode": "chroot"}}},
    {"pms": {"t": {"mode": "user"}}},
    {"pms": {"t": {"mode": "user", "user": "nobody"}}},
    {"pms": {"t": {"mode": "user", "user": "root"}}},
    {"pms": {"t": {"mode": "root", "user": "x"}}},
    {"pms": {"t": USER_PM, "u": USER_PM}},
    {"pms": {"t": {**USER_PM, "spots": {"s": {"user": "other"}}}}},
    {"pms": {"t": {**USER_PM, "pms": {"r": {"mode": "root"}}}}},
    {"pms": {"t": {**USER_PM, "more": 1}}},
    {"keyholes": [{**BLUEPRINT["keyholes"][0], "fpr": "ab"}]},
    {"keyholes": [{**BLUEPRINT["keyholes"][0], "scope": ["[x"]}]},
    {"keyholes": [{**BLUEPRINT["keyholes"][0], "scope": "**"}]},
    {"keyholes": [{**BLUEPRINT["keyholes"][0], "until": -1}]},
    {"keyholes": [{**BLUEPRINT["keyholes"][0], "more": -1}]},
    {"keyholes": [{"fpr": FPR}]},
    {"threshold": 0},
    {"limits": {"inbox": -1}},
    {"domain": ""},
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_bad_blueprints(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        record.parse_blueprint(dumps({**BLUEPRINT, **change}), True)


def test_pms_within_pms_are_bounded() -> None:
    pm: dict[str, Any] = {"mode": "root"}
    for _ in range(8):
        pm = {"mode": "root", "pms": {"p": pm}}
    with pytest.raises(FormatError, match="deep"):
        record.parse_blueprint(dumps({**BLUEPRINT, "pms": {"p": pm}}), True)
    with pytest.raises(FormatError, match="follow"):
        inner = {"mode": "user", "user": "z", "pms": {"p": {"mode": "root"}}}
        record.parse_blueprint(dumps({**BLUEPRINT, "pms": {"p": inner}}), True)
    assert path("/", "x") == "/"
    with pytest.raises(FormatError, match="larger"):
        record.parse_blueprint(b" " * (record.BLUEPRINT_SIZE + 1), True)
