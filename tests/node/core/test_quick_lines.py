"""The quick reader of lines says of every text what the careful one says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import canonical, quick

CASES = json.loads(Path("tests/cases/wire/canonical.json").read_text())
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT | st.floats()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
SPELLINGS = st.tuples(st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())


def said(loads: Any, data: bytes, exact: bool) -> tuple[str, str]:
    """What comes of it; the types too, as 1 == True."""
    try:
        return "good", repr(loads(data, canonical=exact))
    except canonical.FormatError as error:
        return "bad", str(error)


def same(data: bytes) -> None:
    for exact in (False, True):
        assert said(quick.loads, data, exact) == said(canonical.loads, data, exact)


@pytest.mark.parametrize("text", [*(t for pair in CASES["good"] for t in pair), *CASES["bad"]])
def test_cases(text: str) -> None:
    same(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-",
        b"-0",
        b'{"a":-0}',
        b"9007199254740991",
        b"-9007199254740991",
        b"9007199254740992",
        b"[%s]" % (b"9" * 1_000_000),
        b"NaN",
        b"[Infinity,-Infinity]",
        b"1.0",
        b"[1e2]",
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"b":1,"a":2}',
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        b"[" * 33 + b"]" * 33,
        b"[" * 32 + b"]" * 32,
        b"[" * 200_000,
        b'{"a":"' + b"[" * 40 + b'"}',
        b"[1,]",
        b'{"a":1,}',
        b'"\x7f"',
        b'"\x1f"',
        b'"\\/"',
        b' {"a":1}\n',
    ],
)
def test_edges(data: bytes) -> None:
    same(data)


@given(VALUES, SPELLINGS)
def test_what_json_writes(value: Any, spelling: tuple[bool, tuple[str, str], bool]) -> None:
    ascii_only, separators, ordered = spelling
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators, sort_keys=ordered)
    same(text.encode())


@given(VALUES, st.data())
def test_what_was_damaged_on_the_way(value: Any, data: st.DataObject) -> None:
    text = bytearray(json.dumps({"v": value}).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    same(bytes(text))


@given(st.binary(max_size=60) | st.text('{}[]":,0123456789-eE.\\untrfals \n', max_size=40))
def test_noise(data: bytes | str) -> None:
    same(data.encode() if isinstance(data, str) else data)


@pytest.mark.real
def test_a_good_line_loads_no_json_package() -> None:
    remote = str(Path(__file__).parents[3] / "remote")
    code = f"import sys; sys.path.insert(0, {remote!r}); from enve_pm.core import quick;"
    code += 'quick.loads(b\'{"v":[1,"a"]}\', canonical=True);'
    code += "sys.exit('json' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0
