"""Commands of a stage: what they see, what is kept of them, and that nothing of them stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import wait

from enve_fire.core.trouble import BUILD, Trouble
from enve_fire.stage import environment
from enve_fire.stage.commands import run_commands
from enve_fire.stage.log import CUT, Log

TABLE = {"enve": 1, "title": "lib-z", "prefix": "/opt/z", "build": {"env": {"CFLAGS": "-O2"}}}
REMOTE = Path(__file__).parents[3] / "remote"


def run(folder: Path, *commands: str, report=lambda _line: None) -> str:
    env = environment.variables(TABLE, "build", "h" * 32, scratch=str(folder))
    log = folder / "log"
    run_commands(commands, env, str(folder), str(log), code=BUILD, what="build of z", report=report)
    return log.read_text()


def test_they_see_the_variables_of_the_stage_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    seen = dict(line.split("=", 1) for line in run(tmp_path, "env").splitlines() if "=" in line)
    for made_by_the_shell in ("PWD", "OLDPWD", "SHLVL", "_"):
        seen.pop(made_by_the_shell, None)
    assert set(seen) == {
        *["SRC", "OUT", "ROOT", "PREFIX", "JOBS", "HOME", "TMPDIR", "SOURCE_DATE_EPOCH"],
        *["ENVE_TITLE", "ENVE_STAGE", "ENVE_HASH", "PATH", "LC_ALL", "TZ", "CFLAGS"],
    }
    assert seen["PREFIX"] == "/opt/z"
    assert seen["PATH"] == "/usr/bin:/bin"


def test_where_dependencies_are_is_told_twice():
    found = environment.variables(TABLE, "build", "h", deps=[("lib-a.b", "/s/a/opt/a")])
    assert found["DEP_LIB_A_B"] == "/s/a/opt/a"
    assert found["PATH"] == "/s/a/opt/a/bin:/usr/bin:/bin"
    twice = environment.variables(TABLE, "build", "h", deps=[("a", "/s/a"), ("a", "/s/a")])
    assert twice["PATH"] == "/s/a/bin:/usr/bin:/bin"


def test_build_env_is_of_the_build_alone_and_cannot_say_where_out_is():
    free = ("PATH", "LC_ALL", "TZ", "CC")
    fixed = ("SRC", "OUT", "ROOT", "PREFIX", "JOBS", "HOME", "TMPDIR", "SOURCE_DATE_EPOCH", "DEP_A")
    table = {**TABLE, "build": {"env": dict.fromkeys([*free, *fixed], "mine")}}
    found = environment.variables(table, "build", "h", deps=[("a", "/a")], out="/o")
    assert {name for name in found if found[name] == "mine"} == {*free}
    assert environment.variables(table, "setup", "h")["LC_ALL"] == "C"


def test_there_is_nothing_to_read_and_the_umask_is_known(tmp_path):
    assert run(tmp_path, "cat; umask").splitlines()[1:] == ["0022"]


def test_the_first_that_fails_is_the_last_and_its_last_lines_are_shown(tmp_path):
    told: list[str] = []
    with pytest.raises(Trouble) as caught:
        run(tmp_path, "seq 100; false; echo not", "touch never", report=told.append)
    assert caught.value.code == BUILD
    assert caught.value.log == str(tmp_path / "log")
    assert "status 1" in caught.value.message
    assert told == [f"  | {n}" for n in range(61, 101)]
    assert not (tmp_path / "never").exists()


def test_what_would_steer_a_terminal_is_not_shown(tmp_path):
    told: list[str] = []
    with pytest.raises(Trouble, match="signal 9"):
        run(tmp_path, r"printf '\033[2Jx\n'; kill -9 $$", report=told.append)
    assert told[-1] == "  | ?[2Jx"


def test_a_program_that_is_missing_is_told_where_it_was_looked_for(tmp_path):
    with pytest.raises(Trouble, match="status 127") as caught:
        run(tmp_path, "no-such-compiler -o x x.c")
    assert "its PATH is /usr/bin:/bin behind what it needs" in caught.value.hint


def test_what_they_leave_behind_is_ended(tmp_path):
    """Also what took a session of its own, and what holds the output open."""
    run(tmp_path, "setsid sleep 1000 & echo $! >pid; sleep 1001 & echo $! >pid2")
    for name in ("pid", "pid2"):
        assert not Path("/proc", (tmp_path / name).read_text().strip()).exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_when_we_are_ended_so_are_they(tmp_path, number):
    code = (
        "import sys; from enve_fire.stage.commands import run_commands;"
        "run_commands(['setsid sleep 1000 & echo $! >x; mv x pid; wait'], {'PATH': '/bin'},"
        " sys.argv[1], '', code=82, what='w')"
    )
    env = {"PYTHONPATH": str(REMOTE)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], env=env, stderr=subprocess.DEVNULL
    ) as ours:
        wait.until((tmp_path / "pid").exists, "the command runs")
        pid = (tmp_path / "pid").read_text().strip()
        ours.send_signal(number)
        ours.wait(20)
    wait.until(lambda: not os.path.exists("/proc/" + pid), "it is ended")  # noqa: PTH110
    if number == signal.SIGTERM:
        assert ours.returncode == 128 + number


def test_a_long_command_tells_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("enve_fire.tree.pace.PATIENCE", 0.05)
    monkeypatch.setattr("enve_fire.tree.pace.EVERY", 0.05)
    told: list[str] = []
    run(tmp_path, "echo so far; sleep 0.3", report=told.append)
    assert re.match(r"build of z: \d+ s, ", told[0])
    assert any(line.endswith(": so far") for line in told)


def test_a_log_is_bounded_and_its_end_is_there(tmp_path):
    with Log(str(tmp_path / "log"), longest=1000) as log:
        for n in range(1000):
            log.add(b"line %d\n" % n)
    data = (tmp_path / "log").read_bytes()
    assert len(data) < 2000
    assert CUT in data
    assert data.endswith(b"line 999\n")
