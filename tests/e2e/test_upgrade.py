"""A new pm for a fleet at work: three real sshds, in waves, without a restart of any service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import enve_pm
from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.wait import until

pytestmark = pytest.mark.real
NODES = ("n1", "n2", "n3")
UNITS = ("db", "web", "tenants", "tenants.blog")


class Upgrade:
    """A fleet whose deploys push a program of its own, to be changed."""

    def __init__(self, fleet: Fleet, lab: Lab, program: Path) -> None:
        self.fleet = fleet
        self.lab = lab
        self.program = program / "enve_pm"
        shutil.copytree(
            Path(enve_pm.__file__).parent,
            self.program,
            ignore=shutil.ignore_patterns("__pycache__"),
        )

    def deploy(self, *words: str, code: int = 0) -> str:
        path = str(self.program.parent)
        done = self.fleet.run("deploy", "inventory.yml", *words, code=code, PYTHONPATH=path)
        return done.stdout + done.stderr

    def version(self, text: str) -> None:
        (self.program / "__init__.py").write_text(f'"""pm."""\n\n__version__ = "{text}"\n')

    def impatient(self) -> None:
        """It waits for sub-pms no longer than these wait for their watchdogs, and a little."""
        file = self.program / "hostinit/install.py"
        before = file.read_text()
        after = before.replace("NESTED_DEADLINE = 20.0", "NESTED_DEADLINE = 6.0")
        assert after != before
        file.write_text(after)

    def march(self, seconds: int, code: int = 0) -> str:
        done = self.fleet.march(self.fleet.plan(spots(seconds)), code=code)
        return done.stdout + done.stderr

    def pids(self) -> dict[str, tuple[int, int]]:
        """Of every service and sub-pm: its pid, and how often it was restarted."""
        rows = self.fleet.rows()
        names = [f"{node}.{unit}" for node in NODES for unit in UNITS]
        assert {rows[name]["state"] for name in names} == {"RUNNING"}, rows
        return {name: (rows[name]["pid"], rows[name]["restarts"]) for name in names}

    def shown(self, *below: str) -> list[tuple[int, str, str]]:
        """What runs as pm on each node (with `below`: as that sub-pm): pid, version, hash."""
        folder = "/".join(("pm", *(f"spots/{name}" for name in below), "public/status.json"))
        found = [json.loads((node.state / folder).read_text()) for node in self.lab.nodes]
        return [(one["pid"], one["version"], one["hash"]) for one in found]


def spots(seconds: int = 86400) -> dict[str, Any]:
    sleep = {"run": f"sleep {seconds}"}
    return {
        "*.db": {"run": "sleep 86400"},
        "*.web": {**sleep, "needs": "db"},
        "*.tenants.blog": sleep,
    }


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    with Lab(3) as lab, Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as fleet:
        made = Upgrade(fleet, lab, tmp_path_factory.mktemp("program"))
        made.version("1.0")
        made.deploy()
        made.march(86400)
        yield made


def test_1_a_new_version_takes_over_and_nothing_restarts(up: Upgrade) -> None:
    before, pms, subs = up.pids(), up.shown(), up.shown("tenants")
    assert versions(pms) == versions(subs) == {"1.0"}
    up.version("2.0")
    said = up.deploy("--check", code=2)
    assert "reexec" in said
    assert up.shown() == pms
    up.deploy()
    assert versions(up.shown()) == {"2.0"}
    assert versions(up.shown("tenants")) == {"2.0"}  # deploy waits for the sub-pms
    new, below = up.shown(), up.shown("tenants")
    assert [pid for pid, _, _ in new] == [pid for pid, _, _ in pms]
    assert [pid for pid, _, _ in below] == [pid for pid, _, _ in subs]
    assert up.pids() == before
    for node in up.lab.nodes:  # the sub-pm ran the old one when deploy ended
        assert set(programs(node.state)) <= {pms[0][2], new[0][2]}
    assert "0 deployed, 3 unchanged" in up.deploy()


def test_2_the_new_one_takes_commands_and_plans(up: Upgrade) -> None:
    before = up.pids()
    up.fleet.run("restart", "n2.tenants.blog")
    changed = up.pids()
    assert {name for name in before if changed[name] != before[name]} == {"n2.tenants.blog"}
    up.march(86401)
    assert {name for name, pid in up.pids().items() if changed[name] == pid} == {
        f"{node}.{unit}" for node in NODES for unit in ("db", "tenants")
    }


def test_3_nothing_that_is_sent_meanwhile_is_lost(up: Upgrade) -> None:
    """Commands through the owner's pipe, and a march through the signed one."""
    answers: list[int] = []
    stop = threading.Event()

    def talk() -> None:
        launcher = str(up.lab.nodes[0].state / "pm/pm")
        while not stop.is_set():
            words = [launcher, "reset-failed", "web"]
            answers.append(subprocess.run(words, check=False, timeout=60).returncode)

    up.version("3.0")
    talker = threading.Thread(target=talk)
    talker.start()
    try:
        deploy = up.fleet.start(
            "deploy", "inventory.yml", operator="two", PYTHONPATH=str(up.program.parent)
        )
        up.march(86402)
        out, err = deploy.communicate(timeout=240)
        assert deploy.returncode == 0, out + err
    finally:
        stop.set()
        talker.join()
    assert answers
    assert set(answers) == {0}
    assert versions(up.shown()) == {"3.0"}
    until(lambda: versions(up.shown("tenants")) == {"3.0"}, "the sub-pms to follow", 60)
    up.pids()


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [
        ("app/pm.py", "raise RuntimeError('broken on purpose')", "broken on purpose"),
        ("shell/events/loop.py", "def (", "SyntaxError"),
        ("hostinit/install.py", "raise RuntimeError('not even this')", "not even this"),
    ],
)
def test_4_a_broken_version_is_refused_by_the_first_node(
    up: Upgrade, file: str, code: str, said: str
) -> None:
    before, pms, subs = up.pids(), up.shown(), up.shown("tenants")
    libs = [programs(node.state) for node in up.lab.nodes]
    right = (up.program / file).read_text()
    (up.program / file).write_text(f"{right}\n{code}\n")
    try:
        told = up.deploy(code=3)
    finally:
        (up.program / file).write_text(right)
    assert said in told
    assert "failed on 2 of 3 nodes: held back" in told
    assert up.shown() == pms
    assert up.shown("tenants") == subs
    assert up.pids() == before
    after = [programs(node.state) for node in up.lab.nodes]
    assert sum(new != old for new, old in zip(after, libs, strict=True)) <= 1
    up.deploy()
    assert up.shown() == pms
    assert up.pids() == before


def test_5_a_sub_pm_that_could_not_follow_is_asked_again(up: Upgrade) -> None:
    before, subs = up.pids(), up.shown("tenants")
    watchdog = parent(subs[0][0])
    up.version("5.0")
    up.impatient()
    os.kill(watchdog, signal.SIGSTOP)  # it does not answer: the sub-pm goes on as it was
    try:
        said = up.deploy()
        until(lambda: gave_up(up.lab.nodes[0].state), "the sub-pm to go on as it was")
    finally:
        os.kill(watchdog, signal.SIGCONT)
    assert "n1: the pm tenants still runs the old program" in said
    assert [version for _, version, _ in up.shown("tenants")] == [subs[0][1], "5.0", "5.0"]
    told = up.deploy("--check", code=2)
    assert "pm tenants" in told
    assert "1 deployed, 2 unchanged" in up.deploy()
    assert versions(up.shown()) == versions(up.shown("tenants")) == {"5.0"}
    assert up.pids() == before
    assert "0 deployed, 3 unchanged" in up.deploy()


def gave_up(state: Path) -> bool:
    """What it answers to its parent's command."""
    answers = state.glob("pm/spots/tenants/jobs/*/message")
    return any("the watchdog does not answer" in file.read_text() for file in answers)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def versions(shown: list[tuple[int, str, str]]) -> set[str]:
    return {version for _, version, _ in shown}


def programs(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "pm/lib").iterdir() if len(path.name) == 16)
