"""Processes that misbehave, under pm's loop alone: what is told, and that nothing is left."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood
from tests.support.wait import until

from enve_pm.shell.process import spawn

pytestmark = pytest.mark.real
DEADLINE = 30


class Alone:
    """The process in `runs_alone`, and its events in order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        script = str(Path(__file__).with_name("runs_alone.py"))
        self.process = subprocess.Popen(
            [sys.executable, "-S", script, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.events: list[list[Any]] = []
        self.rest = b""
        self.count = 0

    def start(self, command: list[str] | str, step: str = "start", **line: Any) -> int:
        """Do a step of the unit `u`; its run number."""
        self.count += 1
        argv = ["sh", "-c", command] if isinstance(command, str) else command
        row = {"v": 1, "name": "u", "command": argv, **line}
        self._say("spawn", "u", self.count, step, row)
        return self.count

    def signal(self, run: int, name: str, tree: bool = False) -> None:
        self._say("signal", "u", run, name, tree)

    def _say(self, *row: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(row).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, kind: str, run: int) -> list[Any]:
        """Wait for an event; its field after the run."""
        end = time.monotonic() + DEADLINE
        while True:
            for event in self.events:
                if event[0] == kind and event[2] == run:
                    return event[3:4]
            assert self.process.stdout
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            assert ready, f"no {kind} of run {run} in {self.events}"
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"it died: {self.events}"
            *rows, self.rest = (self.rest + data).split(b"\n")
            self.events += map(json.loads, rows)

    def log(self) -> bytes:
        path = self.home / "log" / "u.log"
        return path.read_bytes() if path.exists() else b""

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        assert self.process.wait(DEADLINE) == 0
        self.process.stdout.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    made = Alone(tmp_path / "pm")
    yield made
    made.close()


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    text = f"runs-{os.getpid()}-{time.monotonic_ns()}"
    yield text
    assert brood.marked(text) == []


def jobs(alone: Alone) -> dict[str, list[str]]:
    return {
        job.name: sorted(f.name for f in job.iterdir()) for job in (alone.home / "jobs").iterdir()
    }


def test_an_exit_at_once_is_told_and_written_down(alone: Alone) -> None:
    run = alone.start("exit 7")
    assert alone.hear("Exited", run) == [7]
    assert list(jobs(alone).values()) == [["parameter", "pid", "retcode"]]
    (job,) = (alone.home / "jobs").iterdir()
    code, lasted = map(int, (job / "retcode").read_text().split())
    assert (code, 0 < lasted < 30_000) == (7, True)
    pid, start, boot = (job / "pid").read_text().split()
    assert int(pid) == alone.hear("Spawned", run)[0]
    assert int(start) > 0
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_signal_is_told_as_such(alone: Alone) -> None:
    run = alone.start("kill -SEGV $$")
    assert alone.hear("Exited", run) == [-11]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"command": ["no-such-program"]}, "exec:ENOENT"),
        ({"command": ["true"], "cwd": "/no/such/folder"}, "cwd:ENOENT"),
        ({"command": ["true"], "user": "no-such-user"}, "user:no-such-user does not exist"),
    ],
)
def test_what_cannot_be_spawned_says_why(alone: Alone, line: dict[str, Any], reason: str) -> None:
    command = line.pop("command")
    run = alone.start(command, **line)
    assert alone.hear("SpawnFailed", run) == [reason]


def test_what_a_unit_prints_and_sees(alone: Alone) -> None:
    script = "echo out; echo err >&2; pwd; env | sort; read x || echo no input"
    run = alone.start(script, env={"A": "b c"})
    alone.hear("Exited", run)
    text = until(lambda: b"no input" in (log := alone.log()) and log, "the log")
    spot = str(alone.home / "spots" / "u")
    assert text
    rows = text.decode().splitlines()
    assert rows[:3] == ["out", "err", spot]
    names = {row.partition("=")[0] for row in rows[3:-1]}
    assert {"A", "PATH", "HOME", "SPOT_DIR", "PM_JOB", "PM_UNIT"} <= names
    assert names <= {
        "A",
        "PATH",
        "HOME",
        "LANG",
        "SPOT_DIR",
        "PM_JOB",
        "PM_UNIT",
        "PWD",
        "_",
        "SHLVL",
        "OLDPWD",
    }
    assert f"SPOT_DIR={spot}" in rows and "PM_UNIT=u" in rows
    assert f"PATH={spawn.PATH}" in rows and "LANG=C.UTF-8" in rows


def test_the_end_of_the_main_process_leaves_nothing_behind(alone: Alone, mark: str) -> None:
    run = alone.start(brood.FAMILY, env={brood.MARK: mark})
    until(lambda: len(brood.marked(mark)) >= brood.SIZE, "the family")
    alone.hear("Spawned", run)
    os.kill(alone.hear("Spawned", run)[0], 9)
    assert alone.hear("Exited", run) == [-9]
    assert brood.marked(mark) == []  # not later: when the machine hears of it, all are gone


def test_a_stop_leaves_nothing_behind(alone: Alone, mark: str) -> None:
    run = alone.start(brood.FAMILY, env={brood.MARK: mark})
    until(lambda: len(brood.marked(mark)) >= brood.SIZE, "the family")
    alone.signal(run, "TERM")
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)
    assert brood.marked(mark) == []


def test_one_that_ignores_term_dies_by_kill(alone: Alone) -> None:
    run = alone.start("trap '' TERM; echo up; while :; do sleep 1; done")
    until(lambda: alone.log() == b"up\n", "it runs")
    alone.signal(run, "TERM")
    alone.signal(run, "KILL", tree=True)
    assert alone.hear("Exited", run) == [-9]


def test_a_stopped_process_hears_of_its_end(alone: Alone) -> None:
    run = alone.start("kill -STOP $$; exit 3")
    pid = alone.hear("Spawned", run)[0]
    until(lambda: brood.state(pid) == "T", "it is stopped")
    alone.signal(run, "TERM")
    assert alone.hear("Exited", run) == [-15]


def test_remains_that_scrubbed_their_environment_go_too(alone: Alone, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hidden = f"echo $$ > {note}.new; mv {note}.new {note}; exec sleep 1000"
    run = alone.start(f"setsid env -i sh -c '{hidden}' & while [ ! -f {note} ]; do :; done; exit 0")
    assert alone.hear("Exited", run) == [0]
    pid = int(note.read_text())
    assert brood.state(pid) in ("", "Z")


# -- readiness -----------------------------------------------------------------------------------
def test_a_daemon_that_forks_twice_becomes_the_main_process(alone: Alone) -> None:
    script = "(setsid sh -c 'echo $$ > d.pid; exec sleep 1000' &) ; exit 0"
    run = alone.start(script, ready={"how": "pidfile", "path": "d.pid"})
    pid = alone.hear("Ready", run)[0]
    note = alone.home / "spots" / "u" / "d.pid"
    assert pid == int(note.read_text())
    alone.signal(run, "TERM")
    assert alone.hear("Exited", run) == [-15]
    assert brood.state(pid) in ("", "Z")


def test_a_daemon_is_restarted_by_its_own_end_not_its_launchers(alone: Alone) -> None:
    script = "(setsid sh -c 'echo $$ > d.pid; exec sleep 1000' &) ; exit 0"
    run = alone.start(script, ready={"how": "pidfile", "path": "d.pid"})
    pid = alone.hear("Ready", run)[0]
    os.kill(pid, 9)
    assert alone.hear("Exited", run) == [-9]


def test_a_daemon_that_dies_before_its_launcher_is_the_runs_end_too(alone: Alone) -> None:
    daemon = "(setsid sh -c 'echo $$ > d.pid; exec sleep 1000' &)"
    script = f"{daemon}; while [ ! -e go ]; do sleep 0.02; done"
    run = alone.start(script, ready={"how": "pidfile", "path": "d.pid"})
    pid = alone.hear("Ready", run)[0]
    os.kill(pid, 9)
    until(lambda: not brood.state(pid), "the daemon to be reaped")
    (alone.home / "spots" / "u" / "go").touch()
    assert alone.hear("Exited", run) == [-9]


def test_a_pid_file_that_names_a_stranger_is_no_readiness(alone: Alone) -> None:
    script = f"echo {os.getpid()} > d.pid; sleep 0.3; echo $$ > d.pid; exec sleep 1000"
    run = alone.start(script, ready={"how": "pidfile", "path": "d.pid"})
    assert alone.hear("Ready", run) == alone.hear("Spawned", run)
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)


def test_a_launcher_that_fails_is_the_end(alone: Alone, mark: str) -> None:
    script = "(setsid sleep 1000 &) ; exit 9"
    run = alone.start(script, ready={"how": "pidfile", "path": "d.pid"}, env={brood.MARK: mark})
    assert alone.hear("Exited", run) == [9]


NOTIFY = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("\\0" + os.environ["NOTIFY_SOCKET"][1:])
s.send(b"STATUS=warming up\\nREADY=1")
time.sleep(1000)
"""


def test_sd_notify(alone: Alone) -> None:
    run = alone.start([sys.executable, "-S", "-c", NOTIFY], ready={"how": "notify"})
    assert alone.hear("Ready", run) == alone.hear("Spawned", run)
    alone.signal(run, "TERM")
    assert alone.hear("Exited", run) == [-15]


def test_sd_notify_by_a_helper_that_is_gone_and_a_main_pid(alone: Alone) -> None:
    script = NOTIFY.replace("time.sleep(1000)", "").replace("STATUS", "MAINPID=%d\\nSTATUS")
    script = script.replace('warming up\\nREADY=1"', 'x\\nREADY=1" % int(sys.argv[1])')
    shell = f"sleep 1000 & {sys.executable} -S -c '{script}' $!; wait"
    run = alone.start(shell, ready={"how": "notify"})
    (ready,) = alone.hear("Ready", run)
    assert ready != alone.hear("Spawned", run)[0]
    assert Path(f"/proc/{ready}/cmdline").read_bytes().startswith(b"sleep")
    alone.signal(run, "TERM")
    assert alone.hear("Exited", run) == [-15]


SEND = "import os, socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
SEND += "os.setuid(1);"
SEND += "s.sendto(sys.argv[2].encode(), chr(0) + sys.argv[1][1:])"


def test_what_strangers_say_is_not_heard(alone: Alone) -> None:
    """The name of the socket is no secret. One lives on, one is another user's and gone by then."""
    wait = "echo $NOTIFY_SOCKET > new; mv new said; while [ ! -e go ]; do sleep 0.02; done"
    wait += '; exec "$@"'
    own = NOTIFY.replace("STATUS=", f"MAINPID={os.getpid()}\\nSTATUS=")
    command = ["sh", "-c", wait, "sh", sys.executable, "-S", "-c", own]
    run = alone.start(command, ready={"how": "notify"})
    spot = alone.home / "spots" / "u"
    until((spot / "said").exists, "it to name its socket")
    address, said = (spot / "said").read_text().strip(), f"MAINPID={os.getpid()}\nREADY=1"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as here:
        here.sendto(said.encode(), "\0" + address[1:])
    if os.getuid() == 0:
        subprocess.run([sys.executable, "-S", "-c", SEND, address, said], check=True)
    assert alone.hear("Exited", alone.start("x", "reload", reload={"command": ["true"]})) == [0]
    assert not [event for event in alone.events if event[0] == "Ready"]
    (spot / "go").touch()
    assert alone.hear("Ready", run) == alone.hear("Spawned", run)
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)


def test_a_notification_descriptor(alone: Alone) -> None:
    run = alone.start("echo up >&7; exec 7>&-; exec sleep 1000", ready={"how": "fd", "fd": 7})
    assert alone.hear("Ready", run) == alone.hear("Spawned", run)
    alone.signal(run, "TERM")
    alone.hear("Exited", run)


def test_a_notification_descriptor_that_closes_silently_is_no_readiness(alone: Alone) -> None:
    run = alone.start("exec 7>&-; exit 4", ready={"how": "fd", "fd": 7})
    assert alone.hear("Exited", run) == [4]
    assert not [event for event in alone.events if event[0] == "Ready"]


# -- reload ---------------------------------------------------------------------------------------
def test_reload_by_signal_and_by_command(alone: Alone) -> None:
    script = "trap 'echo hup' HUP; echo up; while :; do sleep 0.05; done"
    up = alone.start(script, reload={"signal": "HUP"})
    until(lambda: alone.log().startswith(b"up\n"), "it runs")
    reload = alone.start(script, step="reload", reload={"signal": "HUP"})
    assert alone.hear("Exited", reload) == [0]
    until(lambda: alone.log().count(b"hup") == 1, "the signal")
    command = {"command": ["sh", "-c", "kill -HUP $MAINPID && echo told"]}
    reload = alone.start(script, step="reload", reload=command)
    assert alone.hear("Exited", reload) == [0]
    until(lambda: alone.log().count(b"hup") == 2, "the command")
    alone.signal(up, "TERM")
    alone.hear("Exited", up)


def test_reload_of_nothing_fails(alone: Alone) -> None:
    run = alone.start("true", step="reload", reload={"signal": "HUP"})
    assert alone.hear("SpawnFailed", run) == ["reload:nothing runs"]


# -- logs -----------------------------------------------------------------------------------------
def logger_of(alone: Alone) -> int:
    for pid in (
        Path(f"/proc/{alone.process.pid}/task/{alone.process.pid}/children").read_text().split()
    ):
        if b"_logger" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(pid)
    return 0


def test_a_logger_that_is_killed_loses_nothing_that_is_in_the_pipe(alone: Alone) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo end; sleep 1000"
    run = alone.start("echo begin; read x; sleep 1000")
    until(lambda: b"begin" in alone.log(), "the first logger writes")
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)
    first = until(lambda: logger_of(alone), "a logger")
    os.kill(first, 19)  # it stands still: all that comes now stays in the pipe
    run = alone.start(script.replace("3000", "2000"))
    alone.hear("Spawned", run)
    os.kill(first, 9)
    until(lambda: b"end" in alone.log(), "another logger goes on")
    found = [row for row in alone.log().splitlines() if row.startswith(b"line")]
    assert found == [b"line %d" % n for n in range(2000)]
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)


def test_what_a_unit_prints_to_can_only_be_written_and_waits_when_it_is_full(alone: Alone) -> None:
    run = alone.start("grep flags /proc/self/fdinfo/1 /proc/self/fdinfo/2; sleep 1000")
    until(lambda: alone.log().count(b"flags") == 2, "what it has")
    for row in alone.log().splitlines():
        flags = int(row.split()[-1], 8)
        assert flags & os.O_ACCMODE == os.O_WRONLY and not flags & os.O_NONBLOCK
    alone.signal(run, "KILL", tree=True)
    alone.hear("Exited", run)


def test_a_flood_is_rotated_by_size(alone: Alone) -> None:
    flood = alone.start("exec yes " + "x" * 100, log_size=65536, log_keep=2)
    folder = alone.home / "log"
    until((folder / "u.log.2").exists, "rotation")
    alone.signal(flood, "KILL", tree=True)
    alone.hear("Exited", flood)
    found = until(lambda: sizes(folder), "a moment between two rotations")
    assert sorted(found) == ["u.log", "u.log.1", "u.log.2"]
    assert max(found.values()) <= 65536


def sizes(folder: Path) -> dict[str, int]:
    """Of all three files; empty while one of them moves."""
    try:
        found = {file.name: file.stat().st_size for file in folder.iterdir()}
    except FileNotFoundError:
        return {}
    return found if len(found) == 3 else {}
