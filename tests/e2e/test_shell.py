"""`enve shell` from a terminal here to one on a node: over a real sshd, and on this machine."""

from __future__ import annotations

import itertools
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.terminal import Terminal
from tests.support.wait import until

pytestmark = pytest.mark.real
CONSOLE = {
    "run": "/bin/sh -i",
    "terminal": True,
    "stop_signal": "HUP",
    "env": {"PS1": "ready> "},
}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Lab(2) as lab, Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as made:
        made.pms = {}
        made.write()
        made.deploy()
        made.march(made.plan({"*.web": CONSOLE, "*.extra": {"run": "sleep 1000"}}))
        yield made


def shell(fleet: Fleet, *words: str, size: tuple[int, int] = (24, 80)) -> Terminal:
    argv = [
        sys.executable,
        "-m",
        "enve",
        "shell",
        "-i",
        str(fleet.folder / "inventory.yml"),
        *words,
    ]
    return Terminal(argv, fleet.environment(), size=size, cwd=fleet.folder)


def test_a_resource_is_joined_and_left(fleet: Fleet) -> None:
    with shell(fleet, "n1.web", size=(31, 101)) as mine:
        before = mine.settings()
        mine.until("ready> ")
        mine.type("stty size; echo told$((1+1))\r")
        assert "31 101" in mine.until("told2")
        mine.resize(32, 102)
        numbers = itertools.count(1)

        def larger() -> bool:
            number = next(numbers)
            mine.type(f"stty size; echo asked$(({number}+100))\r")
            return "32 102" in mine.until(f"asked{number + 100}")

        until(larger, "the unit to hear of the size", every=0.2)
        mine.type("\x1dd")
        assert mine.end() == 0
        assert mine.settings() == before
    assert fleet.states("n1.web") == {"n1.web": "RUNNING"}


def test_a_shell_on_a_node_has_its_pm(fleet: Fleet) -> None:
    with shell(fleet, "n2") as mine:
        mine.type("pm list -o name; echo told$((1+1))\r")
        assert "extra\nweb\ntold2" in mine.until("told2")
        mine.type("exit 7\r")
        assert mine.end() == 7


def test_a_shell_beside_a_process(fleet: Fleet) -> None:
    with shell(fleet, "n1.extra", "--beside") as mine:
        mine.type("pwd; echo told$((1+1)); exit 5\r")
        assert "/spots/extra" in mine.until("told2")
        assert mine.end() == 5


@pytest.mark.parametrize(("typed", "code"), [("", 129), ("sleep 1; exit 7\n", 7)])
def test_the_end_of_all_typing_ends_it(fleet: Fleet, typed: str, code: int) -> None:
    with shell(fleet, "n2") as mine:
        mine.type(typed + "\x04")
        assert mine.end() == code


def test_a_terminal_that_is_stuck_keeps_nobody(fleet: Fleet) -> None:
    with shell(fleet, "n2") as mine:
        before = mine.settings()
        mine.type("stty -echo; echo told$((1+1)); yes\r")
        mine.until("told2\ny")
        until(mine.full, "it to be stuck")
        mine.process.send_signal(signal.SIGHUP)
        assert mine.process.wait(timeout=20) == 129
        assert mine.settings() == before


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["*.web"], "2 nodes are meant", 64),
        (["n1.*"], "n1.extra, n1.web", 64),
        (["n1.extra"], "has no terminal", 64),
        (["n1.none"], "no unit none", 64),
    ],
)
def test_what_cannot_be_joined(fleet: Fleet, words: list[str], said: str, code: int) -> None:
    with shell(fleet, *words) as mine:
        assert mine.end() == code
        assert said in mine.shown


def each(fleet: Fleet, *words: str, code: int = 0) -> Any:
    done = fleet.run("shell", "-o", "json", *words, code=code)
    told = json.loads(done.stdout)
    assert (told["v"], told["command"], told["code"]) == (1, "shell", code)
    return {
        one["address"]: (one["status"], one["output"], one["stderr"]) for one in told["results"]
    }


def test_a_command_on_each_node(fleet: Fleet) -> None:
    asked = 'pm list -o name; echo "$1" >&2; cat; exit 7'
    found = each(fleet, "n*", "--", "sh", "-c", asked, "sh", "a  b", code=3)
    assert found == dict.fromkeys(("n1", "n2"), (7, "extra\nweb\n", "a  b\n"))
    shown = fleet.run("shell", "n*", "-f", "1", "--", "echo", "$HOME").stdout
    assert "==> n1 <==\n$HOME\n==> n2 <==\n$HOME\n2 of 2 ended" in shown


def test_a_command_beside_each_resource(fleet: Fleet) -> None:
    found = each(fleet, "n*.**", "--", "pwd")
    assert set(found) == {f"n{node}.{unit}" for node in (1, 2) for unit in ("web", "extra")}
    assert all(out.endswith(f"/spots/{name[3:]}\n") for name, (_, out, _) in found.items())
    assert each(fleet, "n1.none", "--", "true", code=64) == {"n1.none": (None, "", "")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["n1", "--"], "no command"),
        (["n1", "--read-only", "--", "true"], "--read-only"),
        (["n1", "--beside", "--", "true"], "wants resources"),
        (["n*"], "-- COMMAND"),
        (["n1.no*", "--", "true"], "no resource"),
    ],
)
def test_commands_that_mean_nothing(fleet: Fleet, words: list[str], said: str) -> None:
    assert said in fleet.run("shell", *words, code=64).stderr
