"""Parts and deltas: whatever a node holds, out comes the part or a request for all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import delta as deltas
from enve_pm.core import part as parts
from enve_pm.core.part import Part, header
from enve_pm.core.refusal import FormatError, NeedFull
from enve_pm.wire.canonical import dumps

NAMES = st.sampled_from(["web", "db", "a.b", "[x y]", "job"])
LINES = st.dictionaries(NAMES, st.sampled_from([f'{{"n":{n}}}' for n in range(4)]), max_size=5)
HEADER = header("web1", "main", "0f" * 16)


def made(lines: Mapping[str, str]) -> Part:
    return Part(HEADER, lines)


@given(LINES)
def test_round_trip(lines: dict[str, str]) -> None:
    part = made(lines)
    again = parts.parse(part.encode())
    assert again == part
    assert again.leaf() == part.leaf()
    assert again != made({**lines, "more": "{}"})


@given(LINES, LINES)
def test_a_delta_brings_any_held_part_to_the_new_one(
    old: dict[str, str], new: dict[str, str]
) -> None:
    held, wanted = made(old), made(new)
    delta = deltas.make(held.hashes, wanted)
    again = deltas.parse(delta.encode(), delta.kind)
    assert deltas.apply(held, again) == wanted
    assert set(delta.lines.values()).isdisjoint(old.values())
    assert (delta.kind == "same") == (set(new.values()) <= set(old.values()))


@given(LINES, LINES, LINES)
def test_a_delta_for_another_part_asks_for_all(
    old: dict[str, str], new: dict[str, str], other: dict[str, str]
) -> None:
    delta = deltas.make(made(old).hashes, made(new))
    try:
        part = deltas.apply(made(other), delta)
    except NeedFull:
        missing = set(new.values()) - set(delta.lines.values()) - set(other.values())
        assert missing
    else:
        assert part == made(new)


def test_without_anything_held() -> None:
    wanted = made({"web": "{}"})
    assert deltas.apply(None, deltas.make({}, wanted)) == wanted
    with pytest.raises(NeedFull, match="web"):
        deltas.apply(None, deltas.make(wanted.hashes, wanted))


@given(LINES)
def test_every_cut_of_a_part_is_refused(lines: dict[str, str]) -> None:
    data = made(lines).encode()
    for end in range(len(data)):
        with pytest.raises(FormatError):
            parts.parse(data[:end])


GOOD = {"header": dict(HEADER), "lines": {"web": "{}"}}
SAME = {"header": dict(HEADER), "hashes": {"web": "0" * 64}}


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []},
        {"lines": {"web": 1}},
        {"lines": {"web": ""}},
        {"lines": {"web": "a\0"}},
        {"more": 1},
        {"header": {**HEADER, "v": 2}},
        {"header": {**HEADER, "v": True}},
        {"header": {**HEADER, "node": ""}},
        {"header": {**HEADER, "lane": "../x"}},
        {"header": {**HEADER, "lane": "a" * 65}},
        {"header": {**HEADER, "salt": "0F" * 16}},
        {"header": {**HEADER, "salt": "0f" * 15}},
        {"header": {**HEADER, "more": 1}},
        {"header": {"v": 1}},
        {"header": 1},
    ],
)
def test_bad_parts(change: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        parts.parse(dumps({**GOOD, **change}))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("same", {**SAME, "lines": {}}),
        ("delta", SAME),
        ("same", {**SAME, "hashes": {"web": "0" * 63}}),
        ("same", {**SAME, "hashes": {"web": "G" * 64}}),
        ("delta", {**SAME, "lines": {"web": None}}),
        ("same", {"header": dict(HEADER)}),
        ("same", []),
    ],
)
def test_bad_deltas(kind: str, value: object) -> None:
    with pytest.raises(FormatError):
        deltas.parse(dumps(value), kind)


def test_size_and_form_are_bounded() -> None:
    with pytest.raises(FormatError, match="larger"):
        parts.parse(b" " * (parts.SIZE + 1))
    with pytest.raises(FormatError, match="larger"):
        deltas.parse(b" " * (parts.SIZE + 1), "same")
    with pytest.raises(FormatError, match="canonical"):
        parts.parse(b" " + dumps(GOOD))
    assert made({}).__eq__(1) is NotImplemented
