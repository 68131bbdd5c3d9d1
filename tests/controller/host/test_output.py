"""What a node prints, cut into lines, however it comes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve.errors import NodeFailure
from enve.host.output import Lines


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), min_size=1))
def test_pieces_of_any_size_make_the_same_lines(data: bytes, sizes: list[int]) -> None:
    cutter, found, at = Lines(), [], 0
    while at < len(data):
        for size in sizes:
            found += cutter.add(data[at : at + size])
            at += size
    assert b"\n".join([*found, *(cutter.end() or [b""])]) == data
    assert cutter.end() == []


def test_a_long_line_that_comes_byte_by_byte_is_not_copied_each_time() -> None:
    cutter, size = Lines(), 1 << 19
    began = time.monotonic()
    for _ in range(size):
        assert cutter.add(b"x") == []
    assert time.monotonic() - began < 20
    assert cutter.add(b"\n") == [b"x" * size]


def test_a_line_without_end_is_refused() -> None:
    cutter = Lines(limit=10)
    assert cutter.add(b"0123456789\n0123456789") == [b"0123456789"]
    with pytest.raises(NodeFailure, match="printed more"):
        cutter.add(b"x")
