"""The client and a real pm: verbs, exit codes, listings, logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("client")) as box:
        yield box


def test_start_stop_list(box: Box) -> None:
    box.load(line("db"), line("web", needs=["db"]))
    web = box.wait("web", "RUNNING")
    assert web["pid"] > 0
    assert box.pm("stop", "web").returncode == 0
    box.wait("web", "STOPPED")
    assert box.pm("start", "web").returncode == 0
    box.wait("web", "RUNNING")


def test_restart_gives_a_new_process(box: Box) -> None:
    box.load(line("db"))
    before = box.wait("db", "RUNNING")["pid"]
    assert box.pm("restart", "db").returncode == 0
    until(lambda: box.unit("db")["pid"] not in (0, before), "a new process")


def test_stop_of_what_others_need(box: Box) -> None:
    box.load(line("db"), line("web", needs=["db"]))
    box.wait("web", "RUNNING")
    refused = box.pm("stop", "db")
    assert refused.returncode == 5
    assert "web" in refused.stderr
    assert box.pm("stop", "--with-dependents", "db").returncode == 0
    for name in ("db", "web"):
        box.wait(name, "STOPPED")


def test_many_units_in_one_command(box: Box) -> None:
    names = [f"a-unit-with-a-rather-long-name-{number}" for number in range(30)]
    box.load(*(line(name) for name in names))
    assert box.pm("stop", *names).returncode == 0
    for name in names:
        box.wait(name, "STOPPED")


def test_listing_forms(box: Box) -> None:
    box.load(line("db"), line("web"))
    box.wait("web", "RUNNING")
    table = box.pm("list").stdout.splitlines()
    assert table[0].split() == ["UNIT", "STATE", "SINCE", "RESTARTS", "PID", "DETAIL"]
    assert [row.split()[0] for row in table[1:]] == ["db", "web"]
    assert box.pm("list", "w*", "-o", "name").stdout == "web\n"
    assert set(json.loads(box.pm("list", "-o", "json").stdout)) == {"db", "web"}
    assert box.pm("list", "nothing").returncode == 64


def test_cat_and_set_property(box: Box) -> None:
    box.load(line("web", env={"A": "1"}))
    box.wait("web", "RUNNING")
    assert json.loads(box.pm("cat", "web").stdout)["env"] == {"A": "1"}
    done = box.pm("set-property", "web", "stop_timeout=123")
    assert done.returncode == 0, done.stderr
    assert json.loads(box.pm("cat", "web").stdout)["stop_timeout"] == 123
    assert box.pm("set-property", "web", "no_such_key=1").returncode == 64


def test_cat_shows_no_secret(box: Box) -> None:
    env = {"PASSWORD": "hunter2", "MODE": "a"}
    told = ["sh", "-c", "echo $PASSWORD $MODE; exec sleep 1000"]
    box.load(line("web", command=told, env=env))
    pid = box.wait("web", "RUNNING")["pid"]
    assert "hunter2" in box.pm("cat", "web").stdout
    box.load(line("web", command=told, env=env, secret_env=["PASSWORD"]))
    shown = json.loads(box.pm("cat", "web").stdout)
    assert shown["env"] == {"PASSWORD": "***", "MODE": "a"}
    assert box.unit("web")["pid"] == pid  # who runs does not see the difference
    until(lambda: "hunter2 a" in box.pm("logs", "web").stdout, "web to have it")


def test_dependencies(box: Box) -> None:
    box.load(line("db"), line("web", needs=["db"], after=["db"]), line("top", wants=["web"]))
    box.wait("top", "RUNNING")
    text = box.pm("list-dependencies", "top").stdout
    assert text.splitlines() == [
        "top  RUNNING",
        "  web [want]  RUNNING",
        "    db  RUNNING",
        "    db [after]  RUNNING",
    ]
    assert '"web" -> "db";' in box.pm("list-dependencies", "-o", "dot").stdout


def test_logs(box: Box) -> None:
    script = "for i in 1 2 3 4 5; do echo line $i; done; exec sleep 1000"
    box.load(line("talk", command=["sh", "-c", script]))
    box.wait("talk", "RUNNING")
    last = until(lambda: box.pm("logs", "talk", "-n", "2").stdout, "the log")
    assert until(lambda: "line 5" in box.pm("logs", "talk").stdout, "its last line")
    last = box.pm("logs", "talk", "-n", "2").stdout
    assert last == "line 4\nline 5\n"
    assert box.pm("logs", "nobody").returncode == 64


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 64, "which command"),
        (["strat", "web"], 64, "did you mean start"),
        (["start"], 64, "which unit"),
        (["start", "--no-wat", "web"], 64, "did you mean --no-wait"),
        (["start", "no-such-unit"], 64, "no-such-unit"),
        (["start", "a..b"], 64, ""),
        (["stop", "--timeout"], 64, "wants a value"),
        (["stop", "--timeout", "soon", "web"], 64, "wanted a number"),
        (["reload", "--with-dependents", "web"], 64, "means nothing"),
        (["list", "-o", "xml"], 64, "wanted table"),
        (["start", "x" * 600], 64, "512"),
        (["logs"], 64, "one unit"),
        (["start", "gone.web"], 3, "gone"),
    ],
)
def test_bad_commands(box: Box, words: list[str], code: int, said: str) -> None:
    done = box.pm(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr
    assert done.stderr.startswith("pm: ") or words == ["start", "gone.web"] or code == 64


def test_failed_unit(box: Box) -> None:
    box.load(line("bad", command=["/nonexistent/program"], want="down", restart="never"))
    failed = box.pm("start", "bad")
    assert failed.returncode == 3
    assert "ENOENT" in failed.stderr


def test_no_wait_and_deadline(box: Box) -> None:
    slow = {"how": "wait", "ms": 3000}
    box.load(line("slow", ready=slow, want="down"))
    assert box.pm("start", "--no-wait", "slow").returncode == 0
    late = box.pm("start", "--timeout", "0.2", "slow")
    assert late.returncode == 124
    assert "pm goes on" in late.stderr


def test_pm_is_down(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert box.pm("start", "web").returncode == 3
    assert "not running" in box.pm("start", "web").stderr
    assert box.pm("list").returncode == 3
    with box:
        box.load(line("web"))
        box.wait("web", "RUNNING")
    dead = box.pm("list")
    assert dead.returncode == 3
    assert "last states" in dead.stderr
    assert "web" in dead.stdout


def test_not_the_owner(tmp_path: Path) -> None:
    from enve_pm.client import send
    from enve_pm.shell.words import Failure

    os.mkfifo(tmp_path / "input", 0o600)
    pid = os.fork()
    if pid == 0:  # the test may run as root: somebody else is needed to be refused
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            else:
                (tmp_path / "input").chmod(0)
            send.open_input(str(tmp_path))
        except Failure as failure:
            os._exit(failure.code)
        os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5


def test_version(box: Box) -> None:
    assert box.pm("version").stdout.startswith("pm 0.")
