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

from enve.cli import fire, makepkg, start
from enve.load.profile.merge import given as set_to
from enve.load.profile.profiles import Profiles
from enve_fire.app import request
from enve_fire.core import sums
from enve_fire.core.url import parse
from enve_fire.pack import session

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
BARE = """\
enve: 1
title: bare
prefix: /opt/bare
build: {run: ["mkdir -p $OUT$PREFIX/bin && cp /bin/true $OUT$PREFIX/bin"]}
install: {mode: none}
run: {cmd: [/opt/bare/bin/true]}
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


def test_a_run_again_is_a_use_of_all_that_it_takes(enve, tmp_path):
    """In the store of who runs it: of what is needed, and of what runs where it was built."""
    for name, profile in (("tool", TOOL), ("needy", NEEDY), ("bare", BARE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "enve.yml").write_text(profile)
    (tmp_path / "tool/tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool/tool").chmod(0o755)
    for url, names in (("../needy", {"my-tool", "needy"}), ("../bare", {"bare"})):
        enve("run", url)
        used = list((tmp_path / "home/.cache/enve/store").glob("*/.used/*"))
        for path in used:
            os.utime(path, (1000, 1000))
        assert "enve.cli.main" not in enve("run", url).stderr
        found = {path.name.partition("-")[2] for path in used if path.stat().st_mtime > 1000}
        assert found == names


def branch(tmp_path: Path, more: str = "") -> Path:
    """A repository with a product that says "one" and how its own profile is to be refreshed."""
    folder = tmp_path / "branch"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    move(folder, "one", more)
    return folder


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@x")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True)


def move(folder: Path, word: str, more: str = "") -> None:
    """Both its source and its profile say the word from now on."""
    head = f"enve: 1\ntitle: branch\nprefix: /opt/b\ninstall: {{mode: none}}\n{more}\n"
    (folder / "enve.yml").write_text(head + f"run: {{cmd: [./bin/said, {word}]}}\n")
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/said").write_text(f"#!/bin/sh\necho {word} $1\n")
    (folder / "bin/said").chmod(0o755)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", word)


@pytest.mark.parametrize("refresh", ["never", "always"])
def test_a_profile_of_its_own_says_when_a_branch_is_looked_up_again(enve, tmp_path, refresh):
    folder = branch(tmp_path, more := f"checkout: {{refresh: {refresh}}}")
    url = f"git+file://{folder}#main"
    assert enve("run", url).stdout == "one one\n"
    move(folder, "two", more)
    wanted = {"never": "one one\n", "always": "two two\n"}
    assert enve("run", url).stdout == wanted[refresh]


def test_what_is_needed_says_it_too(enve, tmp_path):
    folder = branch(tmp_path, more := "checkout: {refresh: always}")
    row = f"{{url: 'git+file://{folder}#main', set: {{install.mode: auto}}}}"
    needs = f"deps: {{run: [{row}]}}\n"
    run = "run: {cmd: [said, x]}\n"
    (tmp_path / "greet/enve.yml").write_text("enve: 1\ntitle: greet\n" + needs + run)
    assert enve("run").stdout == "one x\n"
    move(folder, "two", more)
    assert enve("run").stdout == "two x\n"


def test_a_refresh_forgets_what_it_looked_up_and_nothing_else(enve, tmp_path):
    folder = branch(tmp_path)
    url = f"git+file://{folder}#main"
    for _ in range(2):  # files that have just been written are read once more
        assert enve("run", url).stdout == "one one\n"
    assert enve("run").stdout == "hello you at 80\n"
    move(folder, "two")
    (tmp_path / "secrets.yml").write_text("{}")
    assert enve("run", "--secrets", str(tmp_path / "secrets.yml"), url).stdout == "one one\n"
    for again in (url, "."):  # secrets are nobody else's matter
        words = ("run",) if again == "." else ("run", again)
        assert "enve.cli.main" not in enve(*words).stderr
    assert enve("run", "--refresh", url).stdout == "two two\n"
    assert enve("run", url).stdout == "two two\n"
    assert "enve.cli.main" not in enve("run").stderr


def test_what_was_fetched_and_has_no_profile_is_told_by_its_url(enve, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "x").touch()
    packed = tmp_path / "bare.tar"
    subprocess.run(["tar", "-C", tmp_path, "-cf", packed, "bare"], check=True)
    assert f"it is what file://{packed}#sha256=" in enve("build", str(packed), code=65).stderr
    assert "it is what" not in enve("build", str(tmp_path / "bare"), code=65).stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("makepkg", "-o", "/nonexistent/x.tar.gz"), 69, "/nonexistent/x.tar.gz"),
        (("makepkg", "--import", "/nonexistent/x.tar.gz"), 65, "/nonexistent/x.tar.gz"),
        (("makepkg", "-o", "x.zip", "--set", "build.run=[false]"), 64, "x.zip: wanted a name that"),
        (("makepkg", "--import", "x.tar.gz", "--keyring", ""), 64, "--keyring: wanted a value"),
        (("install", "--root", ""), 64, "--root: wanted a value, found nothing"),
        (("build", ""), 64, "wanted a value, found nothing"),
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


def test_a_package_by_a_profile_of_ones_own(enve, tmp_path):
    profile = tmp_path / "other.yml"
    profile.write_text(PROFILE.replace("title: greet", "title: other"))
    made = Path(enve("makepkg", "-f", str(profile), "-o", f"{tmp_path}/").stdout.strip())
    assert made.name.startswith("other-")
    brought = enve("makepkg", "--import", str(made)).stdout.strip()
    assert enve("build", "-f", str(profile)).stdout.strip() == brought


def test_a_package_that_becomes_a_part_of_its_own_source_is_told(enve, tmp_path):
    told = "it lies in its own source"
    assert told not in enve("makepkg", "-o", f"{tmp_path}/").stderr
    assert told in enve("makepkg").stderr
    (tmp_path / "greet" / ".enveignore").write_text("*.tar.gz\n")
    first = enve("makepkg", "-o", "dist.tar.gz")
    assert told not in first.stderr
    assert "making " not in enve("makepkg", "-o", "dist.tar.gz").stderr


def test_words_are_the_same_on_either_side():
    """Each is written twice, so that what is quick imports little."""
    assert fire.TARGETS == request.TARGETS
    assert fire.WITH_WORDS == request.WITH_WORDS
    assert (fire.FIRE, *request.FINAL) == start.QUICK
    assert makepkg.WAYS == session.WAYS


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
    from enve.load.profile.profiles import Asked

    asked = Asked(sets=(("whom", set_to(value, "--set")),))
    table = profiles.product(parse(str(folder)), asked)[1].table
    plain = profiles.product(parse(str(folder)))[1].table
    what = ("git:x", (), ("Linux", "x86_64", "glibc 2.36"))
    assert sums.build(table, *what) == sums.build(plain, *what)
    assert (sums.setup(table, "i") == sums.setup(plain, "i")) == (value == "you")
