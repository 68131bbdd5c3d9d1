"""Terminals of what is in nested pms: units joined, and shells beside them and beside the pms."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.rooms import subpm, subroot
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.real, pytest.mark.host]

CHROOT = {"root": "base", "needs": ["base"]}
JAIL = {"jail": True, "hostname": "inner"}
KINDS = {
    "root": {},
    "chroot": CHROOT,
    "jail with a root": {**JAIL, **CHROOT},
    "jail with users": {**JAIL, "users": 131072},
}
FEW = ("root", "jail with users")  # without a wall, and with the most of them
EACH = [pytest.param(kind, marks=[] if kind in FEW else pytest.mark.nightly) for kind in KINDS]
ENV = {"PS1": "ready> ", "ENV": ""}
CONSOLE = {
    "command": ["/bin/sh", "-i"],
    "env": ENV,
    "stop_signal": "HUP",
    "terminal": True,
}
LOOK = "id -u; hostname; pwd; ps -e | grep -c .; exit 7"


def tree(kind: str) -> list[dict[str, Any]]:
    return [
        subroot("base", "overlay", lower=["/"]),
        subpm("pm1", **KINDS[kind]),
        line("pm1.web", user="daemon", env=ENV),
        line("pm1.sh", user="daemon", **CONSOLE),
        line("pm1.alone", namespaces=["pid"]),
        subpm("pm1.pm2", mode="user", user="games"),
        line("pm1.pm2.deep"),
        line("pm1.pm2.sh", **CONSOLE),
    ]


def terminal(box: Box, *words: str) -> Terminal:
    return Terminal(box._argv(words), box._env(), size=(31, 101))


@pytest.mark.parametrize("kind", EACH)
def test_what_is_in_a_nested_pm(box: Box, kind: str) -> None:
    box.load(*tree(kind))
    jailed = "jail" in kind
    places = {"pm1": "0", "pm1.web": "1", "pm1.alone": "0", "pm1.pm2": "5", "pm1.pm2.deep": "5"}
    for name, uid in places.items():
        done = box.pm("enter", name, "--", "sh", "-c", LOOK)
        assert done.returncode == 7, done.stderr
        who, host, folder, processes = done.stdout.split()
        assert who == uid
        assert folder == str(box.home.joinpath(*(f"spots/{one}" for one in name.split("."))))
        assert (host == "inner") == jailed
        # Of the machine's there are more than those of these pms; and `alone` sees itself.
        assert int(processes) < (8 if name == "pm1.alone" else 30 if jailed else 10_000)
    done = box.pm("enter", "pm1.pm2", "--", "pm", "list", "-o", "name")
    assert done.stdout.split() == ["deep", "sh"]


@pytest.mark.parametrize("kind", EACH)
def test_terminals_in_a_nested_pm(box: Box, kind: str) -> None:
    box.load(*tree(kind))
    for name in ("pm1.sh", "pm1.pm2.sh"):
        with terminal(box, "attach", name) as mine:
            mine.until("ready> ")
            mine.type("stty size; echo told$((1+1))\r")
            assert "31 101" in mine.until("told2")
            mine.type("\x1dd")
            assert mine.end() == 0
    for words in (("enter", "pm1.web"), ("enter", "pm1.alone"), ("attach", "pm1.pm2")):
        with terminal(box, *words) as mine:
            before = mine.settings()
            mine.type("stty size; (: </dev/tty) && sh -c 'echo told$((1+1)); exec sleep 1000'\r")
            assert "31 101" in mine.until("told2")
            assert "job control" not in mine.shown
            mine.type("\x03")
            mine.type("exit 7\r")
            assert mine.end() == 7
            assert mine.settings() == before


def test_what_cannot_be_entered_is_told(box: Box) -> None:
    box.load(subpm("pm1", **JAIL), line("pm1.web"), line("pm1.off", want="down"), line("top"))
    for words, status, said in (
        (["enter", "pm1.none"], 64, "no unit none"),
        (["enter", "pm1.off"], 3, "off is STOPPED"),
        (["enter", "top.web"], 64, "top is a process, no nested pm"),
        (["attach", "--read-only", "pm1.web"], 64, "pm enter pm1.web"),
        (["attach", "--read-only", "pm1"], 64, "pm1 is a nested pm"),
    ):
        done = box.pm(*words)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_nothing_that_the_caller_has_open_goes_along(box: Box) -> None:
    box.load(subpm("pm1", **JAIL), line("pm1.web"))
    words = box._argv(("enter", "pm1.web", "--", "ls", "/proc/self/fd"))
    with Path("/etc/hostname").open() as held:
        done = subprocess.run(
            words,
            env=box._env(),
            pass_fds=[held.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ["0", "1", "2", "3"]
