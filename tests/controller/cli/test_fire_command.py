"""`enve fire` on a laptop: an enve.yml, its targets, and the quick way back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workbench import room

from enve.load.profile import Profiles
from enve.load.profilemerge import given as set_to
from enve_fire.core import sums
from enve_fire.core.url import parse

ENVE = (sys.executable, "-X", "importtime", "-c", "from enve.cli.start import main; main()")
PROFILE = """\
enve: 1
title: greet
vars: {whom: you, port: "80"}
prefix: /opt/greet
build: {run: ["mkdir -p $OUT$PREFIX/bin && cp greet $OUT$PREFIX/bin", "date +%N >$OUT$PREFIX/when"]}
test: {run: [./greet]}
setup: {files: [{path: /opt/greet/etc/whom, mode: "0644", template: "{{ whom }} at {{ port }}"}]}
run: {cmd: [/bin/sh, -c, 'greet "$(cat $ROOT$PREFIX/etc/whom)" "$@"', x]}
"""


@pytest.fixture
def tmp_path():
    with room() as folder:
        yield folder


@pytest.fixture
def enve(tmp_path):
    folder = tmp_path / "greet"
    folder.mkdir()
    (folder / "enve.yml").write_text(PROFILE)
    (folder / "greet").write_text("#!/bin/sh\necho hello $*\n")
    (folder / "greet").chmod(0o755)
    (tmp_path / "home").mkdir()

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [*ENVE, *words], env=env, cwd=folder, capture_output=True, text=True, check=False
        )
        told = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        assert done.returncode == code, told
        return done

    return run


def test_it_runs_and_the_second_time_it_does_nothing_else(enve):
    assert enve("run").stdout == "hello you at 80\n"
    again = enve("run", "--", "and me")
    assert again.stdout == "hello you at 80 and me\n"
    assert "enve_fire.app.quick" in again.stderr
    for slow in ("yaml", "jinja2", "argparse", "typing", "enve.cli.main", "socket", "dataclasses"):
        assert slow not in again.stderr


def test_the_targets_and_their_short_names(enve):
    assert enve("fire").stdout == enve("fire", ".").stdout == "hello you at 80\n"
    assert enve("fire", "install").stdout == enve("install").stdout == enve("setup").stdout
    assert Path(enve("build").stdout.strip()).is_dir()
    assert enve("shell", "--", "greet", "shell").stdout == "hello shell\n"
    assert enve("shell", ".", "--", "greet", "shell").stdout == "hello shell\n"
    assert enve("test").stdout == ""
    line = f'. "{enve("module").stdout.strip()}"; greet module'
    assert subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    enve("build", "--check", code=82)


def test_a_value_that_only_setup_uses_builds_nothing(enve):
    when = Path(enve("install").stdout.strip()) / "when"
    assert enve("run", "--set", "whom=Ann").stdout == "hello Ann at 80\n"
    assert Path(enve("install", "--set", "whom=Ann").stdout.strip(), "when").read_text() == (
        when.read_text()
    )


def test_what_was_edited_is_noticed(enve, tmp_path):
    profile = tmp_path / "greet/enve.yml"
    enve("run")
    profile.write_text(PROFILE.replace("whom: you", "whom: Bob"))
    assert enve("run").stdout == "hello Bob at 80\n"


def test_a_profile_that_is_edited_builds_only_what_it_says_of_the_build(enve, tmp_path):
    """It lies in the source itself: what only a setup uses is set up again, and not built."""
    profile = tmp_path / "greet/enve.yml"
    first = (Path(enve("install").stdout.strip()) / "when").read_text()
    for edited in (PROFILE.replace('"80"', '"81"'), PROFILE + "# a word\n"):
        profile.write_text(edited)
        assert enve("run").stdout == (
            "hello you at 81\n" if '"81"' in edited else "hello you at 80\n"
        )
        assert (Path(enve("install").stdout.strip()) / "when").read_text() == first
    profile.write_text(PROFILE.replace("build: {", "build: {env: {A: b}, "))
    assert (Path(enve("install").stdout.strip()) / "when").read_text() != first


TOOL = """\
enve: 1
title: my-tool
prefix: /opt/tool
build: {run: ["mkdir -p $OUT$PREFIX/bin && cp tool $OUT$PREFIX/bin"]}
"""
NEEDY = """\
enve: 1
title: needy
prefix: /opt/needy
deps: {build: [{url: ../tool}], run: [{url: ../tool}]}
build: {run: ["mkdir -p $OUT$PREFIX; tool building >$OUT$PREFIX/said"]}
run: {cmd: [/bin/sh, -c, 'cat $ROOT$PREFIX/said; tool running; test -d $DEP_MY_TOOL']}
"""


def test_what_it_needs_is_there_in_its_build_and_when_it_runs(enve, tmp_path):
    for name, profile in (("tool", TOOL), ("needy", NEEDY)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "enve.yml").write_text(profile)
    tool = tmp_path / "tool/tool"
    for word in ("one", "two"):  # what it needs has changed: it is built again
        tool.write_text(f"#!/bin/sh\necho {word} $1\n")
        tool.chmod(0o755)
        said = enve("run", "../needy").stdout.splitlines()
        assert said == [f"{word} building", f"{word} running"]
        assert enve("run", "../needy").stdout.splitlines() == said


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("fire", "nonsense", "."), 64, "no target 'nonsense'"),
        (("fire", "buidl"), 64, "did you mean 'build'?"),
        (("fire", "buidl", "."), 64, "did you mean 'build'?"),
        (("fire", "xyzzy"), 64, "no target 'xyzzy', nor is anything here called so"),
        (("fire", "./xyzzy"), 80, "xyzzy: nothing there"),
        (("test", "--", "x"), 64, "test takes no words"),
        (("run", "no/such"), 80, "no/such"),
        (("execute",), 65, "execute.cmd"),
        (("fire", "run", "--check"), 64, "--check is for build"),
        (("build", "--set", "build.run=[false]"), 82, "all that was printed: "),
    ],
)
def test_what_is_wrong_is_told(enve, words, code, told):
    done = enve(*words, code=code)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_example_is_built_and_runs(enve):
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    example = str(Path(__file__).parents[3] / "playbooks/compiled")
    assert enve("fire", example).stdout == "hello world\n"
    enve("test", example, "--profile", "debug")


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20))
def test_a_variable_that_only_setup_uses_is_no_part_of_the_builds_hash(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("greet")
    (folder / "enve.yml").write_text(PROFILE)
    profiles = Profiles()
    from enve.load.profile import Asked

    asked = Asked(sets=(("whom", set_to(value, "--set")),))
    table = profiles.product(parse(str(folder)), asked)[1].table
    plain = profiles.product(parse(str(folder)))[1].table
    what = ("git:x", (), ("Linux", "x86_64", "glibc 2.36"))
    assert sums.build(table, *what) == sums.build(plain, *what)
    assert (sums.setup(table, "i") == sums.setup(plain, "i")) == (value == "you")
