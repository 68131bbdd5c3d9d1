"""Canonical JSON: one text for one value, and nothing else is let in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.wire.canonical import LIMIT, FormatError, dumps, loads

CASES = json.loads(Path("tests/cases/wire/canonical.json").read_text())

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(1 - LIMIT, LIMIT - 1) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


@pytest.mark.parametrize(("text", "canonical"), CASES["good"])
def test_reads_and_writes(text: str, canonical: str) -> None:
    value = loads(text.encode())
    assert dumps(value) == canonical.encode()
    assert loads(canonical.encode(), canonical=True) == value == json.loads(text)


@pytest.mark.parametrize("text", CASES["bad"])
def test_refuses(text: str) -> None:
    with pytest.raises(FormatError):
        loads(text.encode())


@pytest.mark.parametrize(
    "data", [b"\xff", b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xe2\x82"', b"\xff\xfe1\x00"]
)
def test_refuses_what_is_not_utf8(data: bytes) -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        loads(data)


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), LIMIT, -LIMIT, b"x", {1: 2}, {None: 1}, {"a": {2}}, "\ud800", ["\udfff"]],
)
def test_writes_nothing_else(value: Any) -> None:
    with pytest.raises(FormatError):
        dumps(value)


@pytest.mark.parametrize("text", [" 1", '{"b":1,"a":2}', '"\\u0041"', '"\\/"', "[1, 2]", "1\n"])
def test_canonical_means_byte_for_byte(text: str) -> None:
    loads(text.encode())
    with pytest.raises(FormatError, match="canonical"):
        loads(text.encode(), canonical=True)


def test_depth_is_bounded() -> None:
    value: Any = 0
    for _ in range(32):
        value = [value]
    assert loads(dumps(value)) == value
    with pytest.raises(FormatError, match="deep"):
        dumps([value])
    with pytest.raises(FormatError, match="deep"):
        loads(b"[" * 33 + b"]" * 33)
    with pytest.raises(FormatError, match="deep"):
        loads(b'{"a":' * 200_000)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    data = dumps(value)
    assert loads(data, canonical=True) == value == json.loads(data)
    assert (
        data
        == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )


@given(VALUES)
def test_every_cut_is_refused_or_another_value(value: Any) -> None:
    data = dumps({"v": value})
    for end in range(len(data)):
        with pytest.raises(FormatError):
            loads(data[:end])


@given(st.binary(max_size=60) | st.text('{}[]":,0123456789-eE.\\untrfals \n', max_size=40))
def test_never_reads_what_json_does_not(data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    try:
        value = loads(raw)
    except FormatError:
        return
    assert json.loads(raw) == value
    assert loads(dumps(value), canonical=True) == value


def test_subclasses_of_str_and_int_are_written_as_what_they_are() -> None:
    class Name(str):
        __slots__ = ()

    class Number(int):
        def __repr__(self) -> str:
            return "many"

    assert dumps({Name("a"): Name("b"), "c": Number(3)}) == b'{"a":"b","c":3}'


PIECES = st.lists(st.sampled_from(['\\"', "\\\\", "\\n", "\\u0041", "\\", '"', "a", "\x01", '","']))


@given(PIECES)
def test_what_is_escaped_is_read_as_json_reads_it_or_refused_as_there(pieces: list[str]) -> None:
    text = '["' + "".join(pieces) + '"]'
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(FormatError):
            loads(text.encode())
    else:
        assert loads(text.encode()) == wanted
