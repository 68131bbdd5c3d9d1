"""What nodes print is doubted: cut anywhere, mutated, hostile; and never half taken."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import cases

from enve.core import listing, published, seen
from enve_pm.core.refusal import FormatError

WHOLE = cases.parts(cases.ROOT / "listings/fleet.txt")["look web01"].encode()
STATUS: dict[str, Any] = {"v": 1, "pid": 1, "start": 2, "boot": "b", "units": {}}
UNIT: dict[str, Any] = {"state": "RUNNING"}


def look(status: Any) -> bytes:
    return b"== now\n1\n== boot\nb\n== pm\n-\n== status\n" + json.dumps(status).encode() + b"\n"


def test_cut_at_every_byte() -> None:
    """A torn look is refused, or it was cut between two sections and what it has is whole."""
    whole = seen.parse(WHOLE)
    for size in range(len(WHOLE)):
        try:
            found = seen.parse(WHOLE[:size])
        except FormatError:
            continue
        assert WHOLE[size - 1 : size] == b"\n"
        assert found.status in (whole.status, None)
        assert set(found.subs) <= set(whole.subs)


@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_one_byte_changed(place: int, byte: int) -> None:
    mutated = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    try:
        rows = listing.rows("n", seen.parse(mutated), 0)
    except FormatError as error:
        assert str(error)
    else:
        assert all(row.node == "n" for row in rows)


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    try:
        listing.rows("n", seen.parse(raw), 0)
    except FormatError as error:
        assert len(str(error)) < 1000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
units = st.dictionaries(
    st.text(max_size=12),
    st.dictionaries(st.sampled_from(["state", "want", "since", "pid", "drift"]), json_values),
    max_size=3,
)


@given(status=st.dictionaries(st.sampled_from([*STATUS, "x"]), json_values), units=units)
def test_any_json(status: dict[str, Any], units: dict[str, Any]) -> None:
    for document in (status, {**STATUS, "units": units}):
        with contextlib.suppress(FormatError):
            listing.rows("n", seen.parse(look(document)), 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"v": 2}, "version 1"),
        ({"v": True}, "version 1"),
        ({"pid": -1}, "pid: wanted an integer"),
        ({"pid": "1"}, "pid: wanted an integer"),
        ({"pid": 2**53}, "pid: wanted an integer"),
        ({"units": []}, "units: wanted an object"),
        ({"units": {"a": []}}, "wanted an object"),
        ({"units": {"": UNIT}}, "wanted a name of 1 to 128 characters"),
        ({"units": {"..": UNIT}}, "stands for a directory"),
        ({"units": {"a\nb": UNIT}}, "printable"),
        ({"units": {"a": {"state": "FLYING"}}}, "state: wanted one of"),
        ({"units": {"a": {}}}, "state: wanted one of"),
        ({"units": {"a": {**UNIT, "want": "sideways"}}}, "want: wanted one of"),
        ({"units": {"a": {**UNIT, "drift": 1}}}, "drift: wanted true or false"),
        ({"units": {"a": {**UNIT, "since": 1.5}}}, "wanted an integer, found 1.5"),
        ({"units": {"a": {**UNIT, "detail": "x" * 5000}}}, "detail: wanted a text of at most"),
        ({"units": {f"u{i}": UNIT for i in range(10_001)}}, "at most 10000 keys"),
    ],
)
def test_a_wrong_status(change: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError, match=told):
        seen.parse(look({**STATUS, **change}))


def test_a_newer_pm_may_say_more() -> None:
    status = {**STATUS, "mood": "fine", "units": {"a": {**UNIT, "colour": "blue"}}}
    found = seen.parse(look(status) + b"== weather\nsunny\n").status
    assert found is not None
    assert list(found.units) == ["a"]


@pytest.mark.parametrize(
    ("now", "since"),
    [(1_000, 500), (1_999, 500), (2_999, 500), (1, 500), (61_000, 60_500)],
)
def test_only_a_clock_that_is_off_moves_the_moments(now: int, since: int) -> None:
    status = {**STATUS, "units": {"a": {**UNIT, "since": 500}}}
    rows = listing.rows("n", seen.parse(look(status)), now)
    assert [row.since for row in rows if row.address == "n.a"] == [since]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "no section 'now'"),
        (b"hello\n", "wanted '== NAME'"),
        (b"== now\n1\n2\n", "wanted '== NAME'"),
        (b"== now\n1\n== now\n1\n", "two sections"),
        (b"== now\n1", "within a line"),
        (b"\xff\n", "not UTF-8"),
        (b"== x\n\n" * 3000, "too many sections"),
        (b"== now\nsoon\n== boot\n== pm\n== status\n", "wanted seconds"),
        (b"== now\n1\n== boot\n== pm\n== status\n{\n", "status: "),
        (b"== now\n1\n== boot\n== pm\n== status\n{}{}\n", "status: "),
        (b'== now\n1\n== boot\n== pm\n== status\n{"v":1,"v":1}\n', "twice"),
        (b"== now\n1\n== boot\n== pm\n== status\nNaN\n", "wanted an integer"),
        (b"== now\n1\n== boot\n== pm\n== status\n" + b"[" * 100_000 + b"\n", "status: "),
        (b"== now\n1\n== boot\n== pm\n== status\n" + b"9" * 5000 + b"\n", "status: "),
        (b"== now\n1\n== boot\n== pm\n== status\n== sub a%zz\n{}\n", "sub 'a%zz'"),
        (b"== now\n1\n== boot\n== pm\n== status\n== sub ..\n{}\n", "sub '..'"),
    ],
)
def test_a_wrong_look(raw: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        seen.parse(raw)


def test_too_much() -> None:
    with pytest.raises(FormatError, match="at most 32 MiB"):
        seen.parse(b"x" * (seen.MOST_BYTES + 1))


def test_pms_in_pms_have_an_end() -> None:
    inner: dict[str, Any] = {"v": 1}
    for _ in range(published.DEEPEST):
        inner = {"v": 1, "sub": {"a": inner}}
    with pytest.raises(FormatError, match="nested deeper"):
        seen.parse(look(STATUS) + b"== sub a\n" + json.dumps(inner).encode() + b"\n")


def test_names_of_sub_pms_are_file_names() -> None:
    found = seen.parse(look(STATUS) + b'== sub a%20b.json\n{"v":1}\n')
    assert list(found.subs) == ["a b"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 1", (12, 777)),
        ("12 (a) S) x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 1", (12, 777)),
        ("12 (a) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 1", None),
        ("12 (a) S 1 2 3", None),
        ("-", None),
        ("", None),
        ("x (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 1", None),
        ("12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -7 1", None),
    ],
)
def test_stat_line(line: str, found: tuple[int, int] | None) -> None:
    assert seen.process(line) == found


@pytest.mark.real
def test_stat_line_of_this_process() -> None:
    stat = Path("/proc/self/stat").read_text()
    found = seen.process(stat)
    assert found is not None
    assert found[0] == os.getpid()
    assert found[1] > 0
