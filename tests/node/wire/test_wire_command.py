"""The owner's pipe: one line a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.wire.command import SIZE, VERBS, Command, CommandError, Lines, encode, parse, unquote

ARGS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4)


@given(st.sampled_from(VERBS), ARGS)
def test_round_trip(verb: str, args: list[str]) -> None:
    try:
        line = encode("j-1.x_Y", verb, args)
    except CommandError as error:
        assert "longer" in str(error)
        return
    assert line.endswith(b"\n")
    assert len(line) <= SIZE
    assert line.count(b"\n") == 1
    assert parse(line) == parse(line[:-1]) == Command("j-1.x_Y", verb, tuple(args))


@given(st.binary(max_size=60))
def test_any_bytes(line: bytes) -> None:
    for raw in (line, b"j start " + line):
        try:
            command = parse(raw)
        except CommandError:
            continue
        assert parse(encode(*command)) == command


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"j",
        b"j \n",
        b" j start",
        b"j start ",
        b"j  start",
        b"j start a  b",
        b"j begin",
        b"j START",
        b"j __init__",
        b"../x start",
        b".j start",
        b"j/k start",
        b"%6a start",
        b"j\xc3\xa4 start",
        b"j start a%",
        b"j start a%2",
        b"j start a%zz",
        b"j start %ff",
        b"j start a\tb",
        b"j start a\nb",
        b"j start \x00",
        b'j start a"b',
        b"k" * 65 + b" start",
        b"j start " + b"x" * SIZE,
    ],
)
def test_bad_lines(line: bytes) -> None:
    with pytest.raises(CommandError):
        parse(line)


def test_what_cannot_be_said() -> None:
    with pytest.raises(CommandError, match="fewer"):
        encode("j", "start", ["x" * 200] * 3)
    with pytest.raises(CommandError, match="text"):
        encode("j", "start", ["\ud800"])
    with pytest.raises(CommandError, match="verb"):
        encode("j", "explode")
    assert unquote(b"%") == ""
    assert unquote(b"%25%20") == "% "


@given(
    st.lists(st.binary(max_size=700).map(lambda b: b.replace(b"\n", b"")), max_size=6),
    st.integers(1, 300),
)
def test_lines_however_they_are_read(lines: list[bytes], step: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    reader, found = Lines(), []
    for at in range(0, len(data), step):
        found += reader.feed(data[at : at + step])
        assert len(reader._rest) < SIZE
    assert found == [line for line in lines if len(line) < SIZE]
    assert reader.dropped == sum(len(line) >= SIZE for line in lines)
