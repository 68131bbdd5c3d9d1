"""`fire`: each target, each stage that has nothing to do, and what is done again after a change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.packed import tar
from tests.support.web import Web
from tests.support.workbench import ARGV, BUILD, GREET, table

from enve_fire.tree import statcache


def test_each_target(bench):
    profile = bench.profile(
        table(
            setup={"files": [{"path": "/opt/greet/etc/name", "mode": 0o644, "content": "Ann"}]},
            run={"cmd": ["/bin/sh", "-c", 'greet "$(cat $ROOT$PREFIX/etc/name) $*"', "x"]},
            execute={"cmd": ["bin/greet", "all"]},
        )
    )
    folder = bench.source()
    assert bench.good("-f", profile, folder) == "hello Ann"
    assert bench.good("run", "-f", profile, folder, "--", "and", "Bob") == "hello Ann and Bob"
    assert bench.good("execute", "-f", profile, folder) == "hello all"
    assert bench.fire("execute", "-f", profile, folder, "--", "x").returncode == 64
    assert bench.good("shell", "-f", profile, folder, "--", "greet", "shell") == "hello shell"
    module = bench.good("module", "-f", profile, folder)
    line = f". {module}; greet module"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == "hello module\n"
    installed = Path(bench.good("install", "-f", profile, folder))
    assert (installed / "bin/greet").exists()
    assert Path(bench.good("setup", "-f", profile, folder)) == installed


def test_in_the_folder_itself_without_any_words(bench):
    folder = bench.source()
    shutil.move(bench.profile(table()), folder / "enve.json")
    assert bench.good(cwd=folder) == "hello you"
    assert bench.good("run", cwd=folder) == "hello you"


def test_a_folder_whose_path_has_blanks(bench):
    """The copy of it that is built has none."""
    folder = bench.source("my own greet")
    shutil.move(bench.profile(table()), folder / "enve.json")
    for _ in range(2):
        assert bench.good("run", cwd=folder) == bench.good("run", folder) == "hello you"
    bench.write(folder / "greet", "#!/bin/sh\necho hallo\n", 0o755)
    assert bench.good("run", folder) == "hallo"
    (folder / "enve.json").unlink()
    apart = table(build={**table()["build"], "copy": False})
    done = bench.fire("run", "-f", bench.profile(apart), folder)
    assert done.returncode == 82
    assert "my own greet', and has a blank" in done.stderr
    bare = bench.profile(table(build={}, install={"mode": "none"}, run={"cmd": ["./greet"]}))
    assert bench.good("-f", bare, folder) == "hallo"
    assert bench.good("test", "-f", bench.profile(table(test={"run": ["./greet"]})), folder) == ""


def test_nothing_to_build_is_installed_as_it_is(bench):
    profile = bench.profile(table(build={}, run={"cmd": ["./greet"]}))
    assert bench.good("-f", profile, bench.source()) == "hello you"
    assert bench.entries("build") == set()


def test_nothing_to_install_runs_where_it_lies(bench):
    found = table(
        build={}, install={"mode": "none"}, run={"cmd": ["/bin/sh", "-c", "pwd; ./greet"]}
    )
    folder = bench.source()
    assert bench.good("-f", bench.profile(found), folder, cwd=folder) == f"{folder}\nhello you"
    found["run"]["cmd"] = ["./greet"]
    assert bench.good("-f", bench.profile(found), folder) == "hello you"
    assert bench.entries("install") == bench.entries("build") == set()


def test_nothing_to_install_runs_where_it_was_built(bench):
    profile = bench.profile(table(install={"mode": "none"}))
    assert bench.good("-f", profile, bench.source()) == "hello you"
    assert bench.entries("install") == set()
    assert len(bench.entries("build")) == 1


def test_a_root_of_ones_own(bench):
    profile, folder = bench.profile(table()), bench.source()
    root = bench.path / "root"
    assert bench.good("install", "--root", root, "-f", profile, folder) == f"{root}/opt/greet"
    assert bench.good("run", "--root", root, "-f", profile, folder) == "hello you"
    (root / "opt/greet/bin/greet").unlink()
    assert bench.good("install", "--root", root, "-f", profile, folder) == f"{root}/opt/greet"


# -- what is done again ----------------------------------------------------------------------------
def when(bench, *words) -> str:
    """A number that tells two builds from each other."""
    return (Path(bench.good("install", *words)) / "when").read_text()


def test_touched_is_not_changed_and_a_byte_is(bench):
    folder, profile = bench.source(), bench.profile(table())
    first = when(bench, "-f", profile, folder)
    os.utime(folder / "greet", (1, 1))
    assert when(bench, "-f", profile, folder) == first
    assert bench.good("-f", profile, folder) == "hello you"
    bench.write(folder / "greet", "#!/bin/sh\necho hallo\n", 0o755)
    assert bench.good("-f", profile, folder) == "hallo"
    assert when(bench, "-f", profile, folder) != first


def test_a_branch_that_moved_to_the_same_tree_builds_nothing(bench):
    folder, profile = bench.repository(), bench.profile(table())
    url = f"git+file://{folder}#main"
    first = when(bench, "-f", profile, url)
    bench.commit(folder)
    assert when(bench, "--refresh", "-f", profile, url) == first
    bench.write(folder / "greet", "#!/bin/sh\necho hallo\n", 0o755)
    bench.commit(folder)
    assert when(bench, "-f", profile, url) == first
    assert when(bench, "--refresh", "-f", profile, url) != first


def test_what_was_refreshed_is_what_runs_from_then_on(bench):
    folder, profile = bench.repository(), bench.profile(table())
    words = ("-f", profile, f"git+file://{folder}#main")
    assert bench.good("run", *words) == "hello you"
    bench.write(folder / "greet", "#!/bin/sh\necho hallo\n", 0o755)
    bench.commit(folder)
    assert bench.good("run", *words) == bench.good("shell", *words, "--", "greet") == "hello you"
    assert bench.good("run", "--refresh", *words) == "hallo"
    assert bench.good("run", *words) == bench.good("shell", *words, "--", "greet") == "hallo"


def test_only_what_changed_is_done_again(bench):
    """A setup, a version and a command build nothing."""
    folder = bench.source()
    first = when(bench, "-f", bench.profile(table()), folder)
    file = {"path": "/opt/greet/etc/name", "mode": 0o644, "content": "Ann"}
    for more in ({"version": "2"}, {"run": {"cmd": ["x"]}}, {"setup": {"files": [file]}}):
        profile = bench.profile(table(**more))
        bench.good("setup", "-f", profile, folder)
        assert when(bench, "-f", profile, folder) == first
    assert len(bench.entries("build")) == 1


def test_a_valid_install_does_not_ask_for_the_build(bench):
    profile, folder = (
        bench.profile(table(build={"run": [*BUILD, "echo >>$SRC/../n"]})),
        bench.source(),
    )
    first = when(bench, "-f", profile, folder)
    shutil.rmtree(bench.shelf("build"))
    assert when(bench, "-f", profile, folder) == first
    assert not bench.shelf("build").exists()


def test_after_the_installed_is_gone_it_comes_again(bench):
    profile, folder = bench.profile(table()), bench.source()
    assert bench.good("-f", profile, folder) == "hello you"
    shutil.rmtree(bench.shelf("install"))
    assert bench.good("-f", profile, folder) == "hello you"
    shutil.rmtree(bench.home / ".cache/enve/store")
    assert bench.good("-f", profile, folder) == "hello you"


# -- nothing to do ---------------------------------------------------------------------------------
def traced(bench, *words, calls: str) -> list[str]:
    log = bench.path / "strace"
    strace = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}")
    probe = subprocess.run([*strace, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("nothing can be traced here")
    done = bench.fire(*words, before=strace)
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def test_what_an_install_ran_with_is_kept_no_longer_than_it_runs_with_it(bench):
    needed = {}
    for name in ("old", "new"):
        tool = bench.source(name)
        bench.write(tool / "greet", f"#!/bin/sh\necho {name}\n", 0o755)
        needed[name] = {"url": f"file://{tool}", "table": table(name)}
    folder, place = bench.source(), bench.path / "place"

    def kept(*names):
        profile = bench.profile(table(deps={"run": [needed[name] for name in names]}))
        bench.good("install", "-f", profile, "--root", place, folder)
        found = json.loads(bench.stages("store", "gc", "--roots", "-o", "json").stdout)
        return sorted(root["entry"].rpartition("-")[2] for root in found["roots"])

    assert kept("old", "new") == ["new", "old"]
    assert kept("new") == ["new"]
    assert kept("old", "new") == ["new", "old"]
    assert kept() == []


WRITES = "socket,connect,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,utimensat,openat"


@pytest.mark.strace
@pytest.mark.parametrize("kind", ["git", "folder"])
def test_a_second_run_writes_nothing_and_asks_nobody(bench, kind):
    folder, profile = bench.repository(), bench.profile(table())
    words = ("run", "-f", profile, f"git+file://{folder}" if kind == "git" else folder)
    bench.good(*words)
    if kind == "folder":  # files that have just been written are looked at more closely
        time.sleep(statcache.YOUNG / 1e9 + 0.1)
        bench.good(*words)
    seen = traced(bench, *words, calls=WRITES)
    bad = [
        line
        for line in seen
        if "openat(" not in line or "O_WRONLY" in line or "O_RDWR" in line or "O_CREAT" in line
    ]
    assert bad == []
    opened = " ".join(line for line in seen if "ENOENT" not in line)
    assert "enve_fire/app/__pycache__/quick" in opened
    for slow in ("yaml", "jinja2", "/json/", "hashlib.", "tarfile", "enve_fire/stage"):
        assert slow not in opened.replace(str(profile), "")


@pytest.mark.strace
def test_offline_connects_to_nobody(bench):
    words = ("-f", bench.profile(table()))
    with Web() as web:
        url, other = (web.put(path, tar(("x/greet", GREET.encode()))) for path in ("/x", "/y"))
        bench.good("build", *words, url)
        online = traced(bench, "build", "--refresh", *words, url, calls="connect")
        asked = len(web.requests)
        seen = traced(bench, "build", "--refresh", "--offline", *words, url, calls="connect")
        assert bench.fire("build", "--offline", *words, other).returncode == 80
        assert len(web.requests) == asked
    assert [network(online), network(seen)] == [True, False]


def network(lines: list[str]) -> bool:
    return any("connect(" in line and "AF_INET" in line for line in lines)


def test_a_home_that_cannot_be_written_to_holds_up_nothing_but_a_module(bench):
    profile, folder = bench.profile(table()), bench.source()
    bench.env["ENVE_STORE"] = str(bench.path / "store")
    bench.write(bench.home / ".cache", "no folder")
    assert bench.good("-f", profile, folder) == "hello you"
    assert bench.fire("module", "-f", profile, folder).returncode == 3


def test_a_folder_that_was_removed_is_no_reason_for_a_traceback(bench):
    line = 'mkdir x; cd x; rmdir ../x; exec "$@"'
    done = bench.fire("run", "/no/such", before=("/bin/sh", "-c", line, "x"))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


# -- tests of a product ----------------------------------------------------------------------------
def trial(bench, needs: str, *commands: str, **more):
    profile = bench.profile(table(test={"needs": needs, "run": [*commands]}, **more))
    return bench.fire("test", "-f", profile, bench.path / "greet")


def test_a_test_in_what_was_built(bench):
    bench.source()
    build = {"run": ["echo 1 >made", *BUILD]}
    line = '[ "$(cat made)" = 1 ] && [ $ENVE_STAGE = test ] && $OUT$PREFIX/bin/greet'
    for _ in range(2):  # where it is built now, and where it was built before
        assert trial(bench, "build", line, build=build).returncode == 0
        assert len(bench.entries("build")) == 1
    done = trial(bench, "build", "echo why; false", build=build)
    assert done.returncode == 85
    assert "  | why" in done.stderr
    assert len(bench.entries("build")) == 1


def test_a_test_that_fails_leaves_what_was_built(bench):
    bench.source()
    assert trial(bench, "build", "false").returncode == 85
    assert len(bench.entries("build")) == 1


def test_a_test_of_what_is_not_built(bench):
    bench.source()
    assert trial(bench, "build", "./greet", build={}).returncode == 0
    assert trial(bench, "build", "false", build={}).returncode == 85


def test_a_test_of_what_is_installed_and_set_up(bench):
    bench.source()
    file = {"path": "/opt/greet/etc/name", "mode": 0o644, "content": "Ann"}
    more = {"setup": {"files": [file]}}
    assert trial(bench, "install", "greet; ! [ -e etc/name ]", **more).returncode == 0
    assert trial(bench, "setup", "[ -e etc/name ]", **more).returncode == 0
    assert trial(bench, "install", "false").returncode == 85


MUTE = ("execute", "module", "test", "build", "install", "setup", "unsettle")


# -- words -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "a", "b"), 64, "words for it stand behind --"),
        (("--nonsense",), 64, "--nonsense"),
        (("buidl",), 64, "buidl is no target, nor is anything here called so; did you mean build?"),
        (("-f", "no.json", "."), 65, "there is no profile"),
        (("run", "."), 65, "enve.json: there is no profile"),
        (("run", "no/such/folder"), 80, "no/such/folder"),
        (("run", "ftp://x/y"), 65, "git+https://"),
        (("install", "--check", "no/such"), 64, "--check is for build"),
        (("setup", "--purge", "no/such"), 64, "--purge is for unsettle"),
        *[((target, "no/such", "--", "a"), 64, target + " takes no words") for target in MUTE],
    ],
)
def test_what_is_wrong_is_told(bench, words, code, told):
    done = bench.fire(*words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_profile_that_is_wrong_says_where(bench):
    profile = bench.profile(table(build={"run": [1]}))
    done = bench.fire("-f", profile, bench.source())
    assert done.returncode == 65
    assert "build" in done.stderr
    profile.write_text('{"enve": 1')
    assert bench.fire("-f", profile, "greet").returncode == 65


def test_no_command_and_one_that_is_not_there(bench):
    folder = bench.source()
    found = table()
    del found["run"]
    done = bench.fire("-f", bench.profile(found), folder)
    assert done.returncode == 65
    assert "run.cmd" in done.stderr
    done = bench.fire("-f", bench.profile(table(run={"cmd": ["no-such"]})), folder)
    assert done.returncode == 69
    assert "no-such: No such file" in done.stderr
    done = bench.fire("shell", "-f", bench.profile(table()), folder, "--", "no-such")
    assert (done.returncode, "it is not in PATH" in done.stderr) == (69, True)


@pytest.mark.parametrize(
    ("cmd", "told"),
    [
        ("/opt/greet/bin/geet", "what was installed in /opt/greet/bin: greet"),
        ("geet", "it is not in PATH; what was installed in /opt/greet/bin: greet"),
        ("/opt/greet/sbin/greet", "nothing was installed in /opt/greet/sbin"),
    ],
)
def test_a_program_that_was_never_installed_is_not_looked_for_there(bench, cmd, told):
    done = bench.fire("-f", bench.profile(table(run={"cmd": [cmd]})), bench.source())
    assert (done.returncode, told in done.stderr) == (69, True), done.stderr
    assert "--forget" not in done.stderr


def test_a_program_that_was_installed_and_is_gone_can_be_had_again(bench):
    words = ("-f", bench.profile(table()), bench.source())
    home = bench.good("install", *words)
    bench.good("run", *words)
    Path(home, "bin/greet").unlink()
    done = bench.fire("run", *words)
    assert done.returncode == 69
    assert f"enve verify --forget {home}" in done.stderr
    argv = [*ARGV, "verify", "--forget", home]
    said = subprocess.run(argv, env=bench.env, capture_output=True, text=True, check=False)
    assert (said.returncode, "forgotten: it is done again" in said.stdout) == (3, True)
    assert bench.good("run", *words) == "hello you"


def test_what_a_store_has_of_a_product_is_as_it_was_made_until_it_is_changed(bench):
    bench.good("-f", bench.profile(table()), bench.source())
    done = bench.stages("store", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    [sums] = bench.shelf("build").glob(".meta/*.sums")
    [changed] = bench.shelf("build").glob("*/opt/greet/bin/greet")
    changed.chmod(0o644)
    changed.write_text("other")
    done = bench.stages("store", "verify")
    assert (done.returncode, f"{changed}: changed" in done.stdout) == (3, True)
    sums.unlink()
    source, root = bench.path / "greet", bench.path / "root"
    bench.good("install", "-f", bench.profile(table()), "--root", root, source)
    assert not sums.exists(), "an install takes nothing for made so"


def test_who_is_running_is_named_where_another_config_is_laid(bench):
    folder = bench.source()
    bench.write(folder / "greet", "#!/bin/sh\necho begun\nread line\n", 0o755)

    def about(name: str) -> tuple[str | Path, ...]:
        file = {"path": "/opt/greet/etc/name", "mode": 0o644, "content": name}
        return "-f", bench.profile(table(setup={"files": [file]}), f"{name}.json"), folder

    argv = [*ARGV, "fire", "run", *map(str, about("Ann"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=bench.env, stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        for name, told in (("Bob", True), ("Bob", False), ("Ann", True)):
            done = bench.fire("setup", *about(name))
            assert done.returncode == 0, done.stderr
            said = f"pid {running.pid} runs there by the config that it had"
            assert (said in done.stderr) == told
        running.communicate("end\n")
    assert "runs there" not in bench.fire("setup", *about("Bob")).stderr


def test_all_commands_are_told_of_the_source(bench):
    say = "cat $SRC/greet >/dev/null; echo $SOURCE_DATE_EPOCH"
    setup = {"run": [f"({say}) >$ROOT$PREFIX/said"]}
    found = table(setup=setup, test={"needs": "setup", "run": [f"test $({say}) = 1700000000"]})
    about = ("-f", bench.profile(found), f"git+file://{bench.repository()}")
    home = bench.good("setup", *about)
    assert Path(home, "said").read_text() == "1700000000\n"
    bench.good("test", *about)
