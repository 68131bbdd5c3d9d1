"""`pm enter`: a command beside the process of a unit."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.terminal import Terminal
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as made:
        yield made


def test_it_stands_where_the_process_does(box: Box) -> None:
    box.load(line("web", env={"WORD": "one two"}), line("off", want="down"))
    done = box.pm("enter", "web", "--", "sh", "-c", 'pwd; echo "$WORD"; exit 7')
    assert done.stdout == f"{box.home}/spots/web\none two\n", done.stderr
    assert done.returncode == 7
    for words, status, said in (
        (["off"], 3, "off is STOPPED"),
        (["none"], 64, "no unit none"),
        (["wbe"], 64, "did you mean web?"),
        (["web", "--", "nosuch"], 3, "nosuch is not there (PATH=/"),
        (["web", "--", "/etc"], 3, "/etc is no program that its user may run"),
        ([], 64, "wanted one unit"),
    ):
        done = box.pm("enter", *words)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_nothing_that_its_caller_has_open_goes_along(box: Box) -> None:
    box.load(line("web"))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    far = fcntl.fcntl(0, fcntl.F_DUPFD, min(5000, most - 1))
    words = box._argv(["enter", "web", "--", "ls", "/proc/self/fd"])
    done = subprocess.run(
        words, env=box._env(), pass_fds=[far], stdout=subprocess.PIPE, text=True, check=True
    )
    os.close(far)
    assert done.stdout.split() == ["0", "1", "2", "3"]  # the last one is of this look


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, and namespaces")
def test_it_sees_and_may_what_the_process_does(box: Box) -> None:
    hidden = box.home.parent / "hidden"
    hidden.mkdir()
    (hidden / "secret").touch()
    keys = {"user": "daemon", "hostname": "inside", "hidden": [str(hidden)], "net": "none"}
    box.load(line("web", cwd="/", **keys))
    asked = f"id -un; hostname; ls {hidden}; grep NoNewPrivs /proc/self/status"
    asked += "; grep -c : /proc/net/dev"
    done = box.pm("enter", "web", "--", "sh", "-c", asked)
    said = done.stdout.split()
    assert said == ["daemon", "inside", "NoNewPrivs:", "1", "1"], done.stdout + done.stderr


@pytest.mark.parametrize(("typed", "code"), [("", 129), ("sleep 1; exit 7\n", 7)])
def test_the_end_of_all_typing_hangs_it_up(box: Box, typed: str, code: int) -> None:
    box.load(line("web", env={"PS1": "ready> ", "ENV": ""}))
    with Terminal(box._argv(["enter", "web"]), box._env()) as mine:
        mine.type(typed + "\x04")
        mine.until("ready> ")
        assert mine.end() == code


def test_it_has_a_terminal_of_its_own(box: Box) -> None:
    box.load(line("web", env={"PS1": "ready> ", "ENV": ""}))
    with Terminal(box._argv(["enter", "web"]), box._env(), size=(31, 101)) as mine:
        before = mine.settings()
        mine.until("ready> ")
        mine.type("stty size; (: </dev/tty) && echo tty$((1+1))\r")
        assert "31 101" in mine.until("tty2")
        assert "job control" not in mine.shown
        mine.type("exit 7\r")
        assert mine.end() == 7
        assert mine.settings() == before


@pytest.mark.parametrize("words", [("enter", "web"), ("attach", "sh")])
def test_a_terminal_that_is_stuck_does_not_keep_it(box: Box, words: tuple[str, str]) -> None:
    flood = "exec yes"
    shell = {"command": ["/bin/sh", "-c", flood], "terminal": True}
    box.load(line("web"), line("sh", **shell))
    with Terminal(box._argv(words), box._env()) as mine:
        if words[0] == "enter":
            mine.type(flood + "\r")
        mine.until("y\ny\ny")
        until(lambda: wchan(mine.process.pid) == "wait_woken", "it to hang in a write")
        mine.process.terminate()
        assert mine.process.wait(timeout=10) == 128 + 15


def wchan(pid: int) -> str:
    """Where in the kernel it waits."""
    return Path(f"/proc/{pid}/wchan").read_text()
