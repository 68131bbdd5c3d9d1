"""The pure parts of joining a terminal: what leaves it, what is shown, what a line may say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.client.detach import Keys, prefix
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.shell.terminal.screen import KEPT, Screen
from enve_pm.shell.words import Failure


@pytest.mark.parametrize(
    ("typed", "sent", "left"),
    [
        ([b"ls\r"], b"ls\r", False),
        ([b"\x1dd"], b"", True),
        ([b"\x1d", b"d"], b"", True),
        ([b"ab\x1ddcd"], b"ab", True),
        ([b"\x1d\x1d"], b"\x1d", False),
        ([b"\x1d\x1dd"], b"\x1dd", False),
        ([b"\x1d", b"x"], b"\x1dx", False),
        ([b"\x1d"], b"", False),
    ],
)
def test_what_is_typed(typed: list[bytes], sent: bytes, left: bool) -> None:
    keys = Keys(prefix("]"))
    assert (b"".join(keys.feed(data) for data in typed), keys.left) == (sent, left)


@given(st.binary(max_size=50).filter(lambda data: b"\x1d" not in data))
def test_all_other_keys_are_the_units(data: bytes) -> None:
    assert Keys(b"\x1d").feed(data) == data


@pytest.mark.parametrize("name", ["", "[", "m", "i", "ab", "1", "é"])
def test_keys_that_are_none_to_leave_with(name: str) -> None:
    with pytest.raises(Failure) as failed:
        prefix(name)
    assert failed.value.code == 64


def shown(data: bytes, rows: int = 3) -> bytes:
    screen = Screen()
    screen.add(data)
    return screen.shown(rows)


@pytest.mark.parametrize(
    ("data", "again"),
    [
        (b"", b""),
        (b"$ ls\r\na\r\n$ ", b"$ ls\r\na\r\n$ "),
        (b"1\n2\n3\n4\n$ ", b"3\n4\n$ "),
        (b"old\x1b[2Jnew", b"\x1b[2Jnew"),
        (b"a\x1b[?1049h\x1b[Htop", b"\x1b[?1049ha\x1b[?1049h\x1b[Htop"),
        (b"a\x1b[?1049htop\x1b[?1049lb", b"a\x1b[?1049htop\x1b[?1049lb"),
        (b"what\x1b[6n are\x1b[c you\x1b[>0c\x1bZ", b"what are you"),
        (b"\x1b]52;c;AAAA\x07x\x1b]0;t\x1b\\y\x1bP$q\x1b\\z", b"xyz"),
        (b"\x1b[>0q\x1b[?u\x1b[?2;1;0Svi\x1b[2 q", b"vi\x1b[2 q"),
        (b"\x1b[31mred\x1b[0m", b"\x1b[31mred\x1b[0m"),
    ],
)
def test_what_is_shown_again(data: bytes, again: bytes) -> None:
    assert shown(data) == again


@given(st.lists(st.binary(max_size=9000), max_size=20), st.integers(1, 1000))
def test_little_is_kept(pieces: list[bytes], rows: int) -> None:
    screen = Screen()
    for piece in pieces:
        screen.add(piece)
        assert len(screen.shown(rows)) <= KEPT + 8


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (False, "true, or rows and columns"),
        (1, "a mapping"),
        ({"rows": 0}, "an integer from 1 to 1000"),
        ({"lines": 5}, "only rows columns"),
    ],
)
def test_what_is_no_terminal(value: Any, wanted: str) -> None:
    line = {"v": 1, "name": "web", "command": ["sh"], "terminal": value}
    with pytest.raises(UnitError, match=wanted):
        UnitSpec.parse(line)


@pytest.mark.parametrize(
    "keys", [{"kind": "job", "command": ["x"]}, {"kind": "resource", "check": ["x"]}]
)
def test_only_a_process_has_one(keys: dict[str, Any]) -> None:
    with pytest.raises(UnitError, match="no such key, as kind is"):
        UnitSpec.parse({"v": 1, "name": "web", "terminal": True, **keys})
