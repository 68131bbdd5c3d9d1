"""Where pm lives on a node: words that a real sh expands to the paths that were meant."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fakehost import node

from enve.core import nodepaths


def expanded(*words: str, **env: str) -> list[str]:
    script = f"printf '%s\\0' {' '.join(words)}"
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.real
@pytest.mark.parametrize(
    ("fields", "env", "home", "pipe"),
    [
        ({"install": "system"}, {}, "/var/opt/pm", "/var/pm/default.pipe"),
        ({"install": "system", "home": "/srv/pm"}, {}, "/srv/pm", "/var/pm/default.pipe"),
        ({}, {}, "/h o/.local/state/pm", "/h o/.local/state/pm/run/default.pipe"),
        ({}, {"XDG_STATE_HOME": "/x y"}, "/x y/pm", "/x y/pm/run/default.pipe"),
        ({"home": "/a b/$HOME"}, {}, "/a b/$HOME", "/a b/$HOME/run/default.pipe"),
        ({"home": "~/my pm"}, {}, "/h o/my pm", "/h o/my pm/run/default.pipe"),
        ({"home": "~"}, {}, "/h o", "/h o/run/default.pipe"),
        ({"home": "/a", "pipe": "~/p/default.pipe"}, {}, "/a", "/h o/p/default.pipe"),
    ],
)
def test_paths(fields: dict[str, str], env: dict[str, str], home: str, pipe: str) -> None:
    paths = nodepaths.of(node("a", **fields))
    run = pipe.rpartition("/")[0]
    words = (paths.home, paths.pipe, paths.run, paths.pm, paths.march)
    assert expanded(*words, HOME="/h o", **env) == [home, pipe, run, f"{home}/pm", f"{run}/march"]


@pytest.mark.real
def test_no_path_is_code() -> None:
    @given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
    def check(names: list[str]) -> None:
        paths = [f"/{name}" for name in names]
        assert expanded(*map(nodepaths.word, paths)) == (paths or [""])

    check()
