"""The strict table of a profile: what is taken and what is refused, with its path."""

from __future__ import annotations

from typing import Any

import pytest

from enve_fire.core import profileshape
from enve_pm.core import canonical
from enve_pm.core.fieldcheck import Bad

BARE: dict[str, Any] = {"enve": 1, "title": "lua", "prefix": "/opt/lua"}
SUM = "0" * 64
FILE = {"path": "etc/a", "mode": 0o644, "content": "x\n"}


def nested(depth: int) -> dict[str, Any]:
    """A table whose deps are so deep, with the deepest section at the bottom."""
    table: dict[str, Any] = {**BARE, "setup": {"files": [FILE]}}
    for _ in range(depth):
        table = {**BARE, "deps": {"build": [{"url": "file:///a", "table": table}]}}
    return table


def test_the_deepest_table_has_a_text_within_a_line_of_a_plan() -> None:
    table = profileshape.check(nested(profileshape.DEPTH))
    canonical.dumps({"units": [{"stage": {"table": table}}]})


def test_a_deeper_one_is_refused() -> None:
    with pytest.raises(Bad, match=f"{profileshape.DEPTH} deep"):
        profileshape.check(nested(profileshape.DEPTH + 1))


GOOD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a version": {"version": "5.4.4-rc+1"},
    "a signal": {"run": {"cmd": ["bin/a"], "reload": {"signal": "HUP"}}},
    "words to reload": {"run": {"cmd": ["bin/a"], "reload": ["bin/a", "-s"]}},
    "an environment": {"run": {"cmd": ["bin/a"], "env": {"A": ""}}},
    "an absolute file": {"setup": {"files": [{**FILE, "path": "/etc/a"}]}},
    "a file beside": {"setup": {"files": [{"path": "a", "mode": 0, "sha256": SUM}]}},
    "refreshed": {"checkout": {"refresh": 60}},
    "a dep": {"deps": {"run": [{"url": "file:///a", "table": BARE, "stage": "build"}]}},
}


@pytest.mark.parametrize("more", GOOD.values(), ids=GOOD)
def test_a_good_table_comes_back_as_it_is(more: dict[str, Any]) -> None:
    assert profileshape.check({**BARE, **more}) == {**BARE, **more}


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "format": ({"enve": 2}, "from 1 to 1", ".enve"),
    "title": ({"title": "-a"}, "1 to 64", ".title"),
    "long title": ({"title": "a" * 65}, "1 to 64", ".title"),
    "version": ({"version": "1/2"}, "1 to 64", ".version"),
    "relative prefix": ({"prefix": "opt"}, "an absolute path", ".prefix"),
    "prefix that climbs": ({"prefix": "/opt/../etc"}, "without empty steps", ".prefix"),
    "unknown key": ({"biuld": {}}, "only enve", ""),
    "unknown key below": ({"build": {"rum": []}}, "only copy", ".build"),
    "strip": ({"checkout": {"strip": True}}, "from 0 to 16", ".checkout.strip"),
    "subdir": ({"checkout": {"subdir": "../a"}}, "without empty steps", ".checkout.subdir"),
    "absolute subdir": ({"checkout": {"subdir": "/a"}}, "relative", ".checkout.subdir"),
    "refresh": ({"checkout": {"refresh": 0}}, "from 1", ".checkout.refresh"),
    "one command": ({"build": {"run": "make"}}, "a list", ".build.run"),
    "NUL": ({"build": {"run": ["a\0"]}}, "without NUL", ".build.run[0]"),
    "a variable's name": ({"build": {"env": {"A-B": ""}}}, "a variable's name", ".build.env"),
    "reserved": ({"run": {"env": {"PM_UNIT": ""}}}, "does not set", ".run.env"),
    "owner": ({"install": {"owner": "root"}}, "UID:GID", ".install.owner"),
    "owner of signs": ({"install": {"owner": "\u00b2:0"}}, "UID:GID", ".install.owner"),
    "setuid": ({"install": {"setuid": ["../su"]}}, "without empty steps", ".install.setuid[0]"),
    "keep": ({"install": {"keep": 0}}, "from 1", ".install.keep"),
    "mode": ({"setup": {"files": [{**FILE, "mode": 0o10000}]}}, "from 0", ".setup.files[0].mode"),
    "twice": ({"setup": {"files": [FILE, FILE]}}, "each path once", ".setup.files"),
    "both": ({"setup": {"files": [{**FILE, "sha256": SUM}]}}, "either", ".setup.files[0]"),
    "too much": (
        {"setup": {"files": [{**FILE, "path": str(i), "content": "x" * 2**20} for i in range(17)]}},
        "at most 16 MiB",
        ".setup.files",
    ),
    "signal": ({"run": {"reload": {"signal": "KILL"}}}, "one of TERM", ".run.reload.signal"),
    "no program": ({"run": {"cmd": [""]}}, "a program's name first", ".run.cmd"),
    "stage": (
        {"deps": {"run": [{"url": "a", "table": BARE, "stage": "run"}]}},
        "one of build install",
        ".deps.run[0].stage",
    ),
    "a table below": (
        {"deps": {"run": [{"url": "a", "table": {"enve": 1}}]}},
        "the key title",
        ".deps.run[0].table",
    ),
}


@pytest.mark.parametrize(("more", "wanted", "path"), BAD.values(), ids=BAD)
def test_a_bad_table_is_refused_at_its_path(more: dict[str, Any], wanted: str, path: str) -> None:
    with pytest.raises(Bad) as caught:
        profileshape.check({**BARE, **more})
    told = caught.value.args
    assert wanted in told[0]
    assert (told[2] if len(told) > 2 else "") == path
