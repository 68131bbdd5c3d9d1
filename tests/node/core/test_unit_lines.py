"""A line is read strictly; changes have their classes; properties can be set by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.pmscript import spec

from enve_pm.core import change, room, states
from enve_pm.core.property import SETTABLE, with_property
from enve_pm.core.unit import DEFAULTS, UnitError, UnitSpec

CASES = json.loads((Path(__file__).parents[2] / "cases" / "unit_lines.json").read_text())


@pytest.mark.parametrize("line", CASES["good"], ids=lambda line: str(line["name"]))
def test_good_lines(line: dict[str, Any]) -> None:
    found = UnitSpec.parse(line)
    assert found.raw is line
    for key, default in DEFAULTS.items():
        assert getattr(found, key) == line.get(key, default)
    assert found.unit == found.name.split(".")[-1].strip("[]") or found.name.startswith("[")


@pytest.mark.parametrize(
    ("field", "line"), CASES["bad"], ids=lambda x: x if isinstance(x, str) else ""
)
def test_bad_lines(field: str, line: Any) -> None:
    with pytest.raises(UnitError) as caught:
        UnitSpec.parse(line)
    assert caught.value.field == field
    assert str(caught.value) == f"{field}: wanted {caught.value.wanted}, found {caught.value.found}"
    assert len(caught.value.found) <= 80


KEYS = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["v", "name", *DEFAULTS, *room.FIELDS]), JSON, max_size=6))
def test_any_value_is_read_or_refused(line: dict[str, Any]) -> None:
    for base in (line, {"v": 1, "name": "web", "command": ["x"], **line}):
        try:
            UnitSpec.parse(base)
        except UnitError as error:
            assert error.field


def test_equal_means_the_same_line() -> None:
    plain = spec("web")
    assert plain == spec("web", ["nice=0", "umask=18"])
    assert plain != spec("web", ["nice=1"]) and plain != "web"
    assert repr(plain) == "UnitSpec('web', kind='process')"


HASH = "a" * 64
RELOAD = 'reload={"signal":"HUP"}'
FILES = f'files={{"a":{{"sha256":"{HASH}","size":1,"mode":420}}}}'
CLASSES = [
    ("", "", states.FRESH),
    ("nice=0", "", states.FRESH),
    ("want=up", "want=down", states.FRESH),
    ("", FILES, states.RESTART),
    (RELOAD, f"{RELOAD} {FILES}", states.RELOAD),
    ("", f"{RELOAD} {FILES}", states.RELOAD),
    (f"{RELOAD} {FILES}", FILES, states.LIVE),
    (RELOAD, f"{RELOAD} {FILES} nice=1", states.RESTART),
    (RELOAD, f"{RELOAD} {FILES} stop_timeout=1", states.RELOAD),
    *(("", word, states.LIVE) for word in ("needs=a", "wants=a", "after=a", "restart=never")),
    *(("", word, states.LIVE) for word in ("restart_max=1", "stop_signal=INT", "log_keep=9")),
    ('ready={"how":"wait","ms":100}', 'ready={"how":"wait","ms":1}', states.RESTART),
    ("", 'limits={"pids":9}', states.RESTART),
    ("", 'sockets={"a":{"listen":"a"}}', states.RESTART),
    *(("", word, states.RESTART) for word in ("command=b", 'env={"A":"b"}', "user=u", "cwd=/x")),
]


@pytest.mark.parametrize(("old", "new", "wanted"), CLASSES)
def test_change_classes(old: str, new: str, wanted: str) -> None:
    assert change.change_class(spec("web", old.split()), spec("web", new.split())) == wanted


def test_every_key_but_want_is_a_change() -> None:
    assert set(DEFAULTS) >= change.LIVE | change.NEVER
    one = spec("web")
    assert change.change_class(one, one) == states.FRESH
    assert change.strongest(states.LIVE, states.RELOAD) == states.RELOAD


GOOD_PROPERTIES = [
    ("nice=5", "nice", 5),
    ("umask=077", "umask", 0o77),
    ("stop_timeout=100", "stop_timeout", 100),
    ("restart=never", "restart", "never"),
    ("stop_signal=INT", "stop_signal", "INT"),
    ("cwd=/srv/a=b", "cwd", "/srv/a=b"),
    ("env.A=x=y", "env", {"OLD": "1", "A": "x=y"}),
    ("env.OLD=", "env", {}),
    ("env.NEVER=", "env", {"OLD": "1"}),
    ("rlimits.nofile=-1", "rlimits", {"nofile": -1}),
    ("nice=", "nice", 0),
]


@pytest.mark.parametrize(("text", "key", "value"), GOOD_PROPERTIES)
def test_properties(text: str, key: str, value: Any) -> None:
    before = spec("web", ['env={"OLD":"1"}', "nice=3"])
    after = with_property(before, text)
    assert getattr(after, key) == value
    assert before.nice == 3 and before.env == {"OLD": "1"}


BAD_PROPERTIES = ["nice", "=1", "nice=x", "nice=99", "umask=9", "user=root", "command=x", "needs=a"]
BAD_PROPERTIES += ["env=1", "env.=1", "env.PM_UNIT=1", "rlimits.x=1", "nice=1_0", "nice=٣", ""]


@pytest.mark.parametrize("text", BAD_PROPERTIES)
def test_bad_properties(text: str) -> None:
    with pytest.raises(UnitError):
        with_property(spec("web"), text)


def test_the_settable_keys_are_keys() -> None:
    assert {key.split(".")[0] for key in SETTABLE} <= set(DEFAULTS)
