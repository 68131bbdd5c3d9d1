"""Units on terminals, and those who join them: real ones on both sides."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.terminal import Terminal
from tests.support.wait import until

from enve_pm.shell.terminal.terminalwords import JOIN

pytestmark = pytest.mark.real
ROOT = os.geteuid() == 0
LEAVE = "\x1dd"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as made:
        yield made


def shell(**keys: Any) -> dict[str, Any]:
    """An interactive shell, which ends by HUP only."""
    env = {"PS1": "ready> ", "ENV": ""}
    return line(
        "sh",
        **{
            "command": ["/bin/sh", "-i"],
            "env": env,
            "stop_signal": "HUP",
            "terminal": True,
            **keys,
        },
    )


def join(box: Box, *words: str, size: tuple[int, int] = (24, 80)) -> Terminal:
    return Terminal(box._argv(["attach", *words]), box._env(), size=size)


def holder(box: Box) -> int:
    """The process that holds the terminals; 0: there is none."""
    children = Path(f"/proc/{box.pids()[1]}/task/{box.pids()[1]}/children").read_text().split()
    found = [one for one in children if b"_terminals" in _words(one)]
    return int(found[0]) if found else 0


def _words(pid: str) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def pid(box: Box) -> int:
    return int(box.wait("sh", "RUNNING")["pid"])


def unit_size(box: Box) -> tuple[int, int]:
    """(rows, columns) of its terminal."""
    handle = os.open(f"/proc/{pid(box)}/fd/0", os.O_RDONLY | os.O_NOCTTY)
    try:
        columns, rows = os.get_terminal_size(handle)
    finally:
        os.close(handle)
    return rows, columns


def test_a_shell_is_joined_left_and_joined_again(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as first:
        first.until("ready> ")
        before = first.settings()
        first.type("stty size; (: </dev/tty) && echo tty$((1+1))\r")
        assert "job control" not in first.until("tty2")
        assert "24 80" in first.shown
        first.resize(30, 100)
        until(lambda: unit_size(box) == (30, 100), "the unit to hear of the size")
        first.type("stty size\r")
        first.until("30 100")
        first.type(LEAVE)
        assert first.end() == 0
        assert before != first.settings()  # it was raw meanwhile
    with join(box, "sh") as second:
        second.until("30 100")  # of what the other one has seen
        second.type("echo again$((1+1))\r")
        second.until("again2")
    assert "tty2\n" in box.pm("logs", "sh").stdout


def test_several_join_at_once_and_some_only_watch(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as one, join(box, "sh") as two, join(box, "sh", "--read-only") as three:
        for each in (one, two, three):
            each.until("ready> ")
        three.type("echo no$((1+1))\r")
        one.type("echo one$((1+1))\r")
        two.until("one2")
        two.type("echo two$((1+1))\r")
        for each in (one, two, three):
            each.until("two2")
        assert "no2" not in three.shown
        three.type("\x03")
        assert three.end() == 0


def test_the_end_of_all_typing_leaves(box: Box) -> None:
    """It is there before our terminal is raw, as from a script without input."""
    box.load(shell())
    old = pid(box)
    with join(box, "sh") as mine:
        mine.type("echo told$((1+1))\n\x04")
        mine.until("told2")
        mine.until("[left; it goes on]")
        assert mine.end() == 0
    assert pid(box) == old


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_our_terminal_is_as_before_at_every_end(box: Box, number: int) -> None:
    box.load(shell())
    with Terminal(
        ["/bin/sh", "-c", '"$@"; echo over $?', "sh", *box._argv(["attach", "sh"])], box._env()
    ) as mine:
        before = mine.settings()
        mine.until("ready> ")
        assert mine.settings() != before
        found = subprocess.run(
            ["pgrep", "-P", str(mine.process.pid)], capture_output=True, text=True, check=True
        )
        os.kill(int(found.stdout), number)
        mine.until(f"over {128 + number}")
        assert mine.settings() == before


def test_who_has_joined_stays_over_a_restart_and_is_told_of_the_end(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as mine:
        mine.until("ready> ")
        old = pid(box)
        mine.type("exit 7\r")
        mine.until("[sh has ended]\nready> ")
        assert pid(box) != old
        box.order("stop", "sh")
        mine.until("[sh does not run any more]")
        assert mine.end() == 0
    done = box.pm("attach", "sh", "--read-only")
    assert done.returncode == 3
    assert "pm start sh" in done.stderr


def test_a_change_of_program_takes_nobody_his_terminal(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as mine:
        mine.until("ready> ")
        old = pid(box)
        box.order("reexec", str(box.program.parent))
        mine.type("echo still$((1+1))\r")
        mine.until("still2")
        assert pid(box) == old
        box.order("restart", "sh")
        mine.type("echo new$((1+1))\r")
        mine.until("new2")


def test_the_death_of_the_holder_is_no_unit_s(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as mine:
        mine.until("ready> ")
        old, dead = pid(box), holder(box)
        os.kill(dead, signal.SIGKILL)
        assert mine.end() == 3
    until(lambda: holder(box) not in (0, dead), "another holder")
    with join(box, "sh") as mine:
        mine.type("echo after$((1+1))\r")
        mine.until("after2")
    assert pid(box) == old


def test_who_does_not_read_holds_up_nobody(box: Box) -> None:
    box.load(
        line(
            "sh",
            command=["/bin/sh", "-c", "yes 0123456789 | head -c 20000000; exec cat"],
            terminal=True,
            log_size=50_000_000,
        )
    )
    box.wait("sh", "RUNNING")
    idle = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = Path.cwd()
    os.chdir(box.home / "terminals")
    until(lambda: Path("socket").exists(), "the socket")
    idle.connect("socket")
    os.chdir(here)
    idle.send(JOIN + b"sh\n24\n80\nwatch")
    log = box.home / "log" / "sh.log"
    until(lambda: log.stat().st_size >= 19_000_000, "all to be printed")
    memory = Path(f"/proc/{holder(box)}/status").read_text()
    assert int(memory.split("VmRSS:")[1].split()[0]) < 40_000  # kB
    idle.close()


def test_what_cannot_be_joined(box: Box) -> None:
    box.load(line("web"), shell())
    for words, status, said in (
        (["web", "--read-only"], 64, "terminal: true"),
        (["none"], 64, "no unit none; pm list shows all"),
        (["wbe"], 64, "no unit wbe; did you mean web?"),
        (["web"], 64, "terminal: true"),
        (["sh"], 64, "needs a terminal"),
        (["sh", "--read-only", "--detach-key", "m"], 64, "--detach-key"),
        ([], 64, "wanted one unit"),
    ):
        done = box.pm("attach", *words)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr


@pytest.mark.skipif(not ROOT, reason="needs another user")
def test_nobody_but_the_owner_joins(box: Box) -> None:
    box.load(shell())
    box.wait("sh", "RUNNING")
    folder = box.home / "terminals"
    until((folder / "socket").exists, "the socket")
    assert folder.stat().st_mode & 0o777 == 0o700
    handle = os.open(folder / "socket", os.O_PATH)
    try:
        assert "PermissionError" in _called_by_nobody(handle)
        (folder / "socket").chmod(0o777)
        assert "5 only the owner" in _called_by_nobody(handle)
    finally:
        os.close(handle)


CALL = """
import socket, sys
made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
made.connect("/proc/self/fd/" + sys.argv[1])
print(made.recv(1000))
"""


def _called_by_nobody(handle: int) -> str:
    words = ["/usr/bin/env", "python3", "-c", CALL, str(handle)]
    done = subprocess.run(
        words, user=65534, pass_fds=[handle], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(not ROOT, reason="needs another user")
@pytest.mark.parametrize("keys", [{}, {"namespaces": ["pid", "uts", "ipc"], "private_tmp": True}])
def test_the_terminal_is_its_user_s(box: Box, keys: dict[str, Any]) -> None:
    box.load(shell(user="daemon", cwd="/", **keys))
    with join(box, "sh") as mine:
        mine.until("ready> ")
        mine.type("stat -L -c %U:%a /proc/self/fd/0; (: </dev/tty) && echo tty$((1+1))\r")
        assert "job control" not in mine.until("tty2")
        assert "daemon:600" in mine.shown
