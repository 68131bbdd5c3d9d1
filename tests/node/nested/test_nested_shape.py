"""What a sub-pm says is cleaned: nothing that it writes can hurt whoever shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve_pm.core import states
from enve_pm.wire import nested

UNIT = {"state": "RUNNING", "want": "up", "pid": 5, "since": 1, "detail": "fine", "result": "ok"}
STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["v", "units", "sub", "status", "state", "a", "x[", ""]), inner
        )
    ),
    max_leaves=30,
)


def status(**units: Any) -> dict[str, Any]:
    return {"v": 1, "pid": 1, "units": units}


def test_good_ones_pass() -> None:
    cleaned = nested.clean_status(status(web=UNIT))
    assert cleaned is not None
    assert cleaned["units"]["web"]["state"] == "RUNNING"
    assert cleaned["units"]["web"]["pid"] == 5


@pytest.mark.parametrize(
    ("key", "bad", "good"),
    [
        ("detail", "\x1b[2J\x07boo\r\n", "?[2J?boo??"),
        ("detail", "x" * 5000, "x" * nested.TEXT),
        ("detail", ["x"], ""),
        ("pid", -1, 0),
        ("pid", 1.5, 0),
        ("pid", True, 0),
        ("since", 10**400, 0),
        ("want", "sideways", "down"),
        ("drift", "yes", False),
    ],
)
def test_bad_values_are_replaced(key: str, bad: Any, good: Any) -> None:
    cleaned = nested.clean_status(status(web={**UNIT, key: bad}))
    assert cleaned is not None
    assert cleaned["units"]["web"][key] == good


@pytest.mark.parametrize("name", ["a\x1b", "a[b", "", "x" * 500, "a\nb", ".."])
def test_bad_names_are_left_out(name: str) -> None:
    cleaned = nested.clean_status(status(**{name: UNIT, "web": UNIT}))
    assert cleaned is not None
    assert list(cleaned["units"]) == ["web"]


def test_unknown_state_is_left_out() -> None:
    assert nested.clean_status(status(web={**UNIT, "state": "GREAT"}))["units"] == {}  # type: ignore[index]


def test_depth_and_numbers_are_bounded() -> None:
    deep: dict[str, Any] = {"v": 1, "status": None, "sub": {}}
    for _ in range(50):
        deep = {"v": 1, "status": None, "sub": {"pm": deep}}
    cleaned = nested.clean_sub(deep)
    depth = 0
    while cleaned:
        depth, cleaned = depth + 1, cleaned["sub"].get("pm")
    assert depth == nested.DEPTH


def test_units_and_pms_are_bounded_together() -> None:
    many = status(**{f"u{number}": UNIT for number in range(nested.ALL + 9)})
    assert len(nested.clean_status(many)["units"]) == nested.ALL  # type: ignore[index]
    few = {"v": 1, "status": status(**{f"u{number}": UNIT for number in range(1000)})}
    cleaned = nested.clean_sub({"v": 1, "sub": {f"pm{number}": few for number in range(20)}})
    assert cleaned is not None
    assert sum(1 + len(pm["status"]["units"]) for pm in cleaned["sub"].values()) == nested.ALL


@settings(max_examples=100, deadline=None)
@given(STRANGE)
def test_anything_gives_the_shape_or_nothing(value: Any) -> None:
    for cleaned in (nested.clean_status(value), nested.clean_sub(value)):
        if cleaned is not None:
            json.dumps(cleaned, allow_nan=False)
            for unit in (cleaned.get("units") or {}).values():
                assert unit["state"] in states.STATES


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t\r\n"]))
def test_what_is_read_is_what_json_reads(value: Any, plain: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=plain, indent=indent).encode("utf-8", "ignore")
    wanted = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 20 else -1)
    assert nested.loads(b" \n" + text + b"\t\r ") == wanted


@pytest.mark.parametrize(
    "bad", [b"", b" ", b"{", b"[1,]", b"{} {}", b'"\x01"', b"\xff", b"{'a':1}", b"tru", b"1 2"]
)
def test_what_is_no_json_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError):
        nested.loads(bad)
