"""`enve shell` from a terminal here to one on a node: over a real sshd, and on this machine."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

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


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["*.web"], "2 nodes are meant", 64),
        (["n1.*"], "n1.extra, n1.web", 3),
        (["n1.extra"], "has no terminal", 64),
        (["n1.none"], "no unit none", 64),
    ],
)
def test_what_cannot_be_joined(fleet: Fleet, words: list[str], said: str, code: int) -> None:
    with shell(fleet, *words) as mine:
        assert mine.end() == code
        assert said in mine.shown
