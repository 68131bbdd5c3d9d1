"""Walls around a build: what it can write and reach, by each kind that works here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support import wait
from tests.support.box import installed
from tests.support.interpreter import python_for
from tests.support.walled import run

from enve_fire.core.trouble import MISSING, Trouble
from enve_fire.stage.walls import sandbox
from enve_pm.shell.guard.subtree import children

LONG = 1_000_000 + os.getpid()  # seconds that nobody else sleeps
PYTHON = "/usr/bin/python3"  # of the system: what lies in somebody's home is not seen


def test_it_writes_where_it_may_and_nowhere_else(walls):
    outside = Path(walls.writable[0]).parent / "out"
    outside.mkdir()
    run(walls, "echo 1 >here", "echo 1 >/dev/null", f"! (echo 1 >{outside}/there) 2>/dev/null")
    run(walls, f"! mv {outside} {outside}2 2>/dev/null")
    assert not list(outside.iterdir())
    assert (Path(walls.writable[0]) / "here").read_text() == "1\n"
    assert os.stat(walls.writable[0] + "/here").st_uid == os.geteuid()  # noqa: PTH116


def test_it_cannot_take_the_walls_down(walls):
    outside = Path(walls.writable[0]).parent
    run(walls, f"! mount -o remount,rw,bind {outside} {outside} 2>&1; touch {outside}/x || :")
    run(walls, "! mount -o remount,rw,bind / / 2>&1", "! umount -l . 2>&1")
    assert not (outside / "x").exists()


def test_it_reaches_itself_and_no_other_network(walls):
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = server.getsockname()
        code = (
            "import socket;"
            "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname());"
            f"print(socket.socket().connect_ex({there!r}))"
        )
        said = run(walls, f'{PYTHON} -c "{code}"').splitlines()[-1]
        assert said != "0"
        told = run(walls._replace(network=True), f'{PYTHON} -c "{code}"')
        assert told.splitlines()[-1] == "0"


def test_the_hosts_sockets_and_pipes_are_not_there(walls):
    """Also where all may read and write them."""
    outside = Path(walls.writable[0]).parent
    with tempfile.TemporaryDirectory(dir="/run") as run_, socket.socket(socket.AF_UNIX) as server:
        outside.chmod(0o777)
        server.bind(f"{run_}/s")
        server.listen()
        os.mkfifo(outside / "fifo")
        reader = os.open(outside / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('{run_}/s')"
        run(walls, f'! {PYTHON} -c "{connect}" 2>/dev/null')
        run(walls, f"test ! -e {outside}/fifo; echo 1 >{outside}/fifo || :")
        assert os.read(reader, 1) == b""
        os.close(reader)


@pytest.mark.parametrize("folder", ["/run", "/var/run", "/home", "/root", "/var", "/tmp", "/srv"])
def test_these_folders_hold_nothing_of_the_hosts(walls, folder):
    said = run(walls, f"ls -A {folder} 2>/dev/null || :").split("\n", 1)[1].split()
    top = Path(walls.writable[0]).parts[2]  # where it is in /tmp
    assert set(said) <= {top, "run", "tmp"}


def test_there_are_few_devices_and_none_of_the_hosts_disks(walls):
    said = run(walls, "ls /dev", "echo 1 >/dev/null; echo 2 >/dev/shm/x; head -c 1 /dev/urandom >y")
    names = {line for line in said.splitlines() if not line.startswith("+")}
    devices = {"full", "null", "ptmx", "pts", "random", "shm", "tty", "urandom", "zero"}
    assert names - {"core"} == devices | {"fd", "stderr", "stdin", "stdout"}
    run(walls, f'{PYTHON} -c "import pty; pty.openpty()"', "! mknod disk b 7 7 2>/dev/null")


def test_no_process_but_its_own(walls):
    lines = [f"! kill -0 {os.getpid()} 2>/dev/null", "test $(ls /proc | grep -c '^[0-9]') -lt 6"]
    run(walls, *lines, "! ls /proc/1/cwd/ 2>/dev/null || test ! -e /proc/1/cwd/work")
    run(walls, "for one in /proc/1/fd/*; do ! ls $one/.. 2>/dev/null; done")


def test_it_keeps_rights_over_files_and_no_others(walls):
    said = run(walls, "grep Cap /proc/self/status", "! (echo 1 >/proc/sys/kernel/domainname)")
    found = dict(line.split(":") for line in said.splitlines() if line.startswith("Cap"))
    files = 0b11011  # chown dac_override fowner fsetid
    had = [int(found["Cap" + name], 16) for name in ("Inh", "Prm", "Eff", "Amb")]
    assert all(mask & ~files == 0 for mask in had), found
    run(walls, "grep -q 'NoNewPrivs:.1' /proc/self/status")
    if os.geteuid() == 0:
        run(walls, "echo 1 >f; chown 1:1 f; chmod 600 f; cat f")
        assert os.stat(walls.writable[0] + "/f").st_uid == 1  # noqa: PTH116


def test_what_it_needs_is_seen_and_not_written_to(walls):
    needed = Path(walls.writable[0]).parent / "needed"
    needed.mkdir()
    (needed / "lib").write_text("1")
    within = needed / "draft"
    within.mkdir()
    some = walls._replace(seen=(str(needed),), writable=(*walls.writable, str(within)))
    run(some, f"cat {needed}/lib; ! (echo 2 >{needed}/lib) 2>/dev/null; echo 3 >{within}/x")
    assert (within / "x").read_text() == "3\n"


def test_who_answers_for_names_is_known_where_there_is_a_network(walls):
    some = walls._replace(network=True)
    assert Path("/etc/resolv.conf").read_text() in run(some, "cat /etc/resolv.conf")


# -- their end ---------------------------------------------------------------------------------
def test_what_a_command_says_at_its_end_comes_out(walls):
    with pytest.raises(Trouble, match="status 7"):
        run(walls, "exit 7")
    with pytest.raises(Trouble, match="signal 9"):
        run(walls, "kill -9 $$")


def test_what_it_leaves_behind_is_reaped_and_ended(walls):
    run(walls, "(sleep 0.01 &); sleep 0.1; ! grep -l '^State:.Z' /proc/[0-9]*/status")
    run(walls, f"setsid sleep {LONG} & sleep {LONG} &")
    assert not _sleeping()


@contextmanager
def begun(walls, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that runs a line."""
    code = (
        "import sys; from enve_fire.stage import commands;"
        "from enve_fire.stage.walls import sandbox;"
        "folder, kind, line = sys.argv[1:];"
        "commands.run_commands([line], {'PATH': '/bin'}, folder, '', code=82, what='w',"
        " walls=sandbox.Sandbox(kind, (folder,)))"
    )
    argv = [sys.executable, "-c", code, walls.writable[0], walls.kind, line]
    env = {"PYTHONPATH": str(installed().parent)}
    with subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL) as ours:
        try:
            yield ours
            ours.wait(20)
        finally:
            ours.kill()


@pytest.mark.parametrize("who", ["us", "the keeper", "pid 1"])
def test_whoever_is_killed_all_of_it_ends(walls, who):
    with begun(walls, f"setsid sleep {LONG} & sleep {LONG}") as ours:
        wait.until(lambda: len(_sleeping()) == 2, "they run")
        keeper = children(ours.pid)[0]
        first = children(children(keeper)[0])[0]
        os.kill({"us": ours.pid, "the keeper": keeper, "pid 1": first}[who], signal.SIGKILL)
        wait.until(lambda: not _sleeping(), "they are ended")


@pytest.mark.parametrize("walls", [sandbox.USERNS], indirect=True)
def test_told_to_end_it_has_time_for_that(walls):
    """bubblewrap ends at once, and all with it."""
    place = Path(walls.writable[0])
    line = f"trap 'echo 1 >ended; exit 1' TERM; echo 1 >begun; sleep {LONG} & wait"
    with begun(walls, line) as ours:
        wait.until((place / "begun").exists, "it runs")
        ours.terminate()
    assert (place / "ended").exists()
    assert not _sleeping()


def _sleeping() -> list[int]:
    told = b"sleep\0%d\0" % LONG
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [int(one.parent.name)] if one.read_bytes() == told else []
        except OSError:
            continue
    return found


def test_as_somebody_else_than_root_too(tmp_path):
    """The same, in a process of another user."""
    if os.geteuid():
        pytest.skip("we are somebody else already")
    code = """
import os, sys, tempfile
os.umask(0o077)
place = tempfile.TemporaryDirectory()
os.chdir(place.name)
from enve_fire.stage import commands
from enve_fire.stage.walls import sandbox
for kind in sandbox.BWRAP, sandbox.USERNS:
    walls = sandbox.Sandbox(kind, (os.getcwd(),))
    why = sandbox.probe(walls)
    if why:
        print("skipped", kind, why)
        continue
    line = "id -u >me; ! touch /usr/x; ! mount -o remount,rw,bind / /; touch /tmp/enve-x"
    commands.run_commands([line], {"PATH": "/usr/bin:/bin"}, os.getcwd(), "", code=82, what="w",
        walls=walls, report=print)
    print(kind, open("me").read().strip(), os.path.exists("/tmp/enve-x"))
"""
    python = python_for("nobody")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", code],
        env={"PYTHONPATH": str(installed().parent), "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        assert line.startswith("skipped") or line.endswith("65534 False"), done.stdout


def test_one_that_does_not_work_is_told_and_auto_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "FOLDERS", (str(tmp_path),))
    with pytest.raises(Trouble, match="no program bwrap") as caught:
        sandbox.choose("bwrap", (str(tmp_path),), False)
    assert caught.value.code == MISSING
    assert sandbox.choose("auto", (str(tmp_path),), False).kind in (sandbox.USERNS, sandbox.NONE)
    assert sandbox.choose("none", (str(tmp_path),), False) == sandbox.OPEN
