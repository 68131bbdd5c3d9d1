"""`pm terminal`: a pm that lives as long as the shell in front of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood
from tests.support.box import Box, line
from tests.support.child import REMOTE
from tests.support.terminal import Terminal
from tests.support.wait import until

pytestmark = pytest.mark.real


class Stand:
    """`pm terminal` with all that it leaves bearing a mark."""

    def __init__(self, root: Path) -> None:
        self.box = Box(root)  # only its words and its mark are used
        self.box.mark = uuid.uuid4().hex
        self.root = root

    def open(self, *words: str, units: list[dict[str, Any]] | None = None) -> Terminal:
        if units is not None:
            file = self.root / "units.json"
            file.write_text("\n".join(json.dumps(unit, indent=2) for unit in units))
            words = ("--units", str(file), *words)
        env = {**self.box._env(), "SHELL": "/bin/sh", "PS1": "ready> ", "TMPDIR": str(self.root)}
        return Terminal(self.box._argv(["terminal", *words]), env)

    def gone(self) -> None:
        until(lambda: not brood.marked(self.box.mark), "everything to be gone", 30)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.gone()


def test_inside_pm_is_that_one_and_who_leaves_stops_it(stand: Stand) -> None:
    with stand.open(units=[line("web"), line("db", want="down")]) as shell:
        shell.until("ready> ")
        shell.type("pm start db && pm list -o name && echo told$((1+1)); echo $PMHOME\r")
        assert "db\nweb\ntold2\n" in shell.until("told2\n")
        assert list(stand.root.glob("pm-*"))
        shell.type("exit 7\r")
        assert shell.end() == 7
    assert not brood.marked(stand.box.mark)
    assert not list(stand.root.glob("pm-*"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_it_is_killed(stand: Stand, number: int) -> None:
    with stand.open("--home", str(stand.root / "kept"), units=[line("web")]) as shell:
        shell.until("ready> ")
        os.kill(shell.process.pid, number)
        shell.process.wait(timeout=30)
    stand.gone()
    assert (stand.root / "kept" / "units" / "web").is_dir()


EARLY = """\
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from enve_pm.client.standin import _shell
signal.alarm(60)
told = [_shell("/bin/sh", ["sh", "-c", "kill -HUP $PPID; exec sleep 90"], {}) for _ in range(100)]
sys.exit(told != [129] * 100)
"""


def test_a_hangup_before_it_is_known_whom_to_tell() -> None:
    done = subprocess.run([sys.executable, "-c", EARLY, str(REMOTE)], check=False, timeout=90)
    assert done.returncode == 0


def test_where_a_pm_runs_there_is_no_second_one(stand: Stand, tmp_path: Path) -> None:
    with Box(tmp_path / "other") as other:
        with stand.open("--home", str(other.home)) as shell:
            assert shell.end() == 3
        assert "a pm runs here already" in shell.shown
        assert other.pm("status").returncode == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "units.json:1: wanted JSON objects"),
        ('\n{"v": 1}', "units.json:2: "),
        ('{"v":1,"name":"a","command":["x"]}\n{"v":1,"name":"a","command":["x"]}', "twice"),
        (
            '{"v":1,"name":"a","command":["x"],"env":{"P":"***"},"secret_env":["P"]}',
            "env.P was not shown by pm cat: say it",
        ),
    ],
)
def test_a_file_that_holds_no_units(stand: Stand, text: str, said: str) -> None:
    file = stand.root / "units.json"
    file.write_text(text)
    done = stand.box.pm("terminal", "--units", str(file))
    assert (done.returncode, said in done.stderr) == (64, True), done.stderr
