"""The rc file: what is written is read again, by us and by a shell."""

from __future__ import annotations

import os
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from enve_fire.core import rcfile, rctext

NAME = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
LINE = st.text(st.sampled_from("ab%0A \n'\"$`\\é#="), min_size=1, max_size=12)
STAT = st.from_regex(r"[0-9:]{0,12}", fullmatch=True)
PAIRS = st.lists(st.tuples(LINE, STAT), max_size=3).map(tuple)
RC = st.builds(
    rcfile.Rc,
    st.just("a" * 32),
    LINE,
    st.sampled_from(["run", "shell"]),
    st.dictionaries(NAME, TEXT, max_size=5),
    st.lists(LINE, max_size=3).map(tuple),
    PAIRS,
    st.lists(LINE, max_size=3).map(tuple),
    PAIRS,
    PAIRS,
    st.integers(0, 1 << 40),
    PAIRS,
    PAIRS,
)


@settings(max_examples=50, deadline=None)
@given(RC)
def test_it_is_read_as_it_was_written(rc):
    assert rcfile.parse(rctext.text(rc)) == rc


@settings(max_examples=50, deadline=None)
@given(RC, st.data())
def test_what_is_cut_off_or_changed_is_none_or_another(rc, data):
    text = rctext.text(rc)
    cut = data.draw(st.integers(0, len(text)))
    rcfile.parse(text[:cut])
    rcfile.parse(text[:cut] + data.draw(LINE) + text[cut:])


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(NAME.map("X_{}".format), TEXT, max_size=5))
def test_a_shell_reads_the_same(env):
    env = {**env, "PATH": "/o'wn/bin"}
    text = rctext.text(rcfile.Rc("a" * 32, "k", "run", env, cmd=("a\nb",)))
    caller = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    done = subprocess.run(
        ["/bin/sh", "-c", text + "exec env -0"], env=caller, capture_output=True, check=True
    )
    seen = dict(os.fsdecode(one).split("=", 1) for one in done.stdout.split(b"\0") if one)
    wanted = rcfile.over(env, caller)
    assert {name: seen.get(name) for name in wanted} == wanted


def test_exports_are_sorted_and_behind_all_else():
    text = rctext.text(rcfile.Rc("a" * 32, "k", "run", {"B": "1", "A": "2"}, cmd=("x",)))
    lines = text.splitlines()
    assert lines[0] == "# enve-rc 2 " + "a" * 32
    assert lines[-2:] == ["export A='2'", "export B='1'"]
