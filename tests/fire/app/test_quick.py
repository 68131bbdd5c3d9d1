"""The quick path: each thing that an rc file relies on is looked at, and nothing else is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from enve_fire.app import quick, relied
from enve_fire.core import mark, rcfile, rctext
from enve_fire.tree.digest import tree_hash

REMOTE = Path(__file__).parents[3] / "remote"
HASH = "a" * 32
WORDS = ["run", "/x"]


@pytest.fixture
def env(tmp_path):
    return {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def facts(tmp_path):
    """What an rc file names, and how each is spoilt."""
    profile, marked, work = tmp_path / "enve.yml", tmp_path / "mark", tmp_path / "work"
    profile.write_text("enve: 1")
    marked.write_bytes(mark.text(HASH, {}))
    work.mkdir()
    (work / "main.c").write_text("int main;")
    return profile, marked, work


def keep(env, facts, **changes) -> Path:
    profile, marked, work = facts
    key = quick.key_of(changes.pop("words", WORDS), env)
    path = Path(quick.path_of(key, env))
    path.parent.mkdir(parents=True, exist_ok=True)
    rc = rcfile.Rc(
        HASH,
        key,
        "run",
        {"GREETING": "it's"},
        ("/bin/echo", "ran"),
        ((str(profile), relied.stat_text(str(profile))),),
        (str(work),),
        ((str(marked), HASH),),
        ((str(work), tree_hash(str(work))),),
    )._replace(**changes)
    path.write_text(rctext.text(rc))
    return path


def go(env, *words: str) -> str:
    """What it printed: "ran" if it ran, else why it did not."""
    code = (
        "import os, sys; from enve_fire.app.quick import quick;"
        "print(quick(sys.argv[1:], os.environ))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**env, "PYTHONPATH": str(REMOTE)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_it_runs_with_the_words_behind(env, facts):
    assert go(env, *WORDS) == "new"
    keep(env, facts)
    assert go(env, *WORDS) == "ran"
    assert go(env, *WORDS, "--", "a b", "--") == "ran a b --"
    assert go(env, "run", "/y") == "new"


@pytest.mark.parametrize("name", ["ENVE_STORE", "ENVE_JOBS", "HOME", "XDG_DATA_HOME"])
def test_another_place_for_things_is_another_rc_file(env, facts, name):
    env["XDG_CACHE_HOME"] = env["HOME"]
    keep(env, facts)
    assert go(env, *WORDS) == "ran"
    assert go({**env, name: "/other"}, *WORDS) == "new"


def test_the_environment_is_that_of_the_rc_over_the_callers(env, facts):
    keep(env, facts, cmd=("/bin/sh", "-c", 'echo "$GREETING $MINE $PATH"'))
    assert go({**env, "MINE": "too"}, *WORDS) == "it's too /usr/bin:/bin"


@pytest.mark.parametrize(
    ("target", "words", "wanted"),
    [
        ("execute", [], "ran"),
        ("execute", ["--", "a"], "words"),
        ("shell", ["--", "sh", "-c", "echo $GREETING"], "it's"),
    ],
)
def test_each_target(env, facts, target, words, wanted):
    keep(env, facts, target=target, **({"cmd": ()} if target == "shell" else {}))
    assert go({**env, "SHELL": "/bin/sh"}, *WORDS, *words) == wanted


def test_a_module_is_the_path_of_the_rc_file_itself(env, facts):
    path = keep(env, facts, target="module")
    assert go(env, *WORDS) == str(path)
    done = subprocess.run(
        ["/bin/sh", "-c", f'. "{path}"; echo "$GREETING"'], capture_output=True, check=True
    )
    assert done.stdout == b"it's\n"


def test_whatever_changed_is_noticed(env, facts):
    profile, marked, work = facts
    keep(env, facts)
    profile.write_text("enve: 2")
    assert go(env, *WORDS) == "profile"
    keep(env, facts)
    marked.write_bytes(mark.text("b" * 32, {}))
    assert go(env, *WORDS) == "mark"
    marked.unlink()
    assert go(env, *WORDS) == "mark"
    marked.write_bytes(mark.text(HASH, {}))
    assert go(env, *WORDS) == "ran"
    (work / "main.c").write_text("int Main;")
    assert go(env, *WORDS) == "source"
    keep(env, facts, dirs=(str(work / "gone"),))
    assert go(env, *WORDS) == "folder"
    keep(env, facts, mounts=(("/proc", "another"),))
    assert go(env, *WORDS) == "mounts"
    keep(env, facts, mounts=(("/proc", relied.mounted("/proc")),))
    assert go(env, *WORDS) == "ran"
    keep(env, facts, until=1)
    assert go(env, *WORDS) == "time"


def test_touched_without_a_change_is_no_change(env, facts):
    keep(env, facts)
    os.utime(facts[2] / "main.c", (1, 1))
    assert go(env, *WORDS) == "ran"


def test_an_rc_file_of_another_or_that_others_may_write_is_none(env, facts):
    path = keep(env, facts)
    path.chmod(0o666)
    assert go(env, *WORDS) == "new"
    path.chmod(0o644)
    assert go(env, *WORDS) == "ran"
    if os.geteuid() == 0:
        os.chown(path, 1, 1)
        assert go(env, *WORDS) == "new"
        path.unlink()
    path.unlink(missing_ok=True)
    elsewhere = keep(env, facts).rename(path.parent / "elsewhere")
    path.symlink_to(elsewhere)
    assert go(env, *WORDS) == "new"


def test_two_keys_of_one_checksum_are_told_apart(env, facts):
    path = keep(env, facts)
    key = quick.key_of(["run", "/other"], env)
    path.write_text(rctext.text(rcfile.parse(path.read_text())._replace(key=key)))
    assert go(env, *WORDS) == "new"


def test_what_cannot_be_executed_is_told(env, facts):
    keep(env, facts, cmd=("/no/such",))
    assert "No such file" in go(env, *WORDS)


SLOW = {
    "json",
    "hashlib",
    "re",
    "yaml",
    "jinja2",
    "tarfile",
    "socket",
    "ssl",
    "subprocess",
    "typing",
}


def loaded(env) -> set[str]:
    """The modules that a no-op has imported."""
    code = (
        f"import sys, os; sys.path.append({str(REMOTE)!r});"
        "from enve_fire.app.quick import quick; quick(['run', '/x'], os.environ);"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_no_module_is_imported_that_takes_long(env, facts):
    keep(env, facts, sources=(), cmd=("/no/such",))
    found = loaded(env)
    assert not found & SLOW
    assert {one for one in found if one.startswith("enve_fire.")} == {
        "enve_fire.app",
        "enve_fire.app.quick",
        "enve_fire.core",
        "enve_fire.app.relied",
        "enve_fire.core.rcfile",
    }


def test_entries_are_of_use_once_an_hour(env, facts, tmp_path):
    shelf = tmp_path / "store/root-install"
    used = [shelf / ".used" / name for name in ("dep", "product")]
    (shelf / ".used").mkdir(parents=True)
    (shelf / "dep/opt/dep").mkdir(parents=True)
    (shelf / "product/.enve").mkdir(parents=True)
    marked = shelf / "product/.enve/install"
    marked.write_bytes(mark.text(HASH, {}))
    dirs = [str(shelf / "dep"), str(shelf / "dep/opt/dep")]  # as `app.prepared` names them
    keep(env, facts, dirs=dirs, marks=((str(marked), HASH),))
    for path in used:
        path.touch()
        os.utime(path, (1000, 1000))
    assert go(env, *WORDS) == "ran"
    assert all(path.stat().st_mtime > 1000 for path in used)
    before = [path.stat().st_mtime_ns for path in used]
    assert go(env, *WORDS) == "ran"
    assert [path.stat().st_mtime_ns for path in used] == before


def test_nor_to_look_at_a_folder(env, facts):
    (facts[2] / "main.c").unlink()  # it is so young that it would be hashed
    keep(env, facts, cmd=("/no/such",))
    found = loaded(env)
    assert "enve_fire.tree.digest" in found
    assert not found & (SLOW | {"enve_pm.core.canonical"})
