"""Paths in the roots of units: told from all others, and taken apart in one way."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import address, rootpath
from enve_pm.core.fieldcheck import Bad, place

STEPS = st.lists(st.text("ab:[]. \u00e9", min_size=1, max_size=4), min_size=1, max_size=3)
PATHS = STEPS.map(lambda steps: "/" + "/".join(steps))
NAMES = st.text("aZ9_-.:/ ", min_size=1, max_size=6)


@given(NAMES, PATHS)
def test_a_unit_and_its_path_come_back(name: str, path: str) -> None:
    assert rootpath.split(f"[{name}]:{path}") == (name, path)
    if address.is_plain(name):
        assert rootpath.split(f"{name}:{path}") == (name, path)


@given(PATHS, st.booleans())
def test_other_paths_are_what_they_are(path: str, relative: bool) -> None:
    text = path[1:] if relative else path
    unit, inner = rootpath.split(text)
    assert relative or not unit
    assert unit or inner == text


@given(st.text("ab/:[].", max_size=12))
def test_what_passes_is_a_good_path_of_a_good_name(text: str) -> None:
    with suppress(Bad):
        rootpath.check(text)
        unit, inner = rootpath.split(text)
        place(inner)
        assert not unit or (address.check_name(unit) and inner.startswith("/"))
        if unit:
            with pytest.raises(Bad):
                rootpath.own(text)
