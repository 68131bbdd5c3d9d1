"""System installs by a login that becomes root through the real sudo; passwords and none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import Fleet
from tests.support.netlab import NetLab, NetNode
from tests.support.terminal import Terminal

pytestmark = pytest.mark.host
PASSWORD = "cor\"rect $horse 'battery"
RULES = {"n1": "op ALL=(ALL) NOPASSWD: ALL", "n2": "op ALL=(ALL) ALL"}


@dataclass
class Login:
    """The node of a lab as an inventory names it: the login `op`, who becomes root."""

    node: NetNode
    key: Path

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def inventory(self) -> dict[str, Any]:
        host_key = (self.node.folder / "host_key.pub").read_text().strip()
        become: bool | str = "ask" if self.name == "n2" else True
        return {
            **{"host": self.node.address, "user": "op", "key": str(self.key)},
            **{"pinned": host_key, "become": become},
        }


def add_login(node: NetNode) -> None:
    """Makes `op` on the node's own disk, with a password and a rule for sudo."""
    for command, said in (
        (["useradd", "--create-home", "--shell", "/bin/sh", "op"], ""),
        (["chpasswd"], f"op:{PASSWORD}\n"),
        (["sh", "-c", "umask 227; cat >/etc/sudoers.d/op"], f"{RULES[node.name]}\n"),
    ):
        subprocess.run(["chroot", node.root, *command], input=said, text=True, check=True)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    assert shutil.which("sudo"), "sudo is not installed (package sudo)"
    with NetLab(2) as lab:
        for node in lab.nodes:
            add_login(node)
        folder = tmp_path_factory.mktemp("sudo")
        with Fleet(folder, [Login(node, lab.key) for node in lab.nodes], user="daemon") as made:
            made.prefix = ("ip", "netns", "exec", lab.controller)
            yield made


def typed(fleet: Fleet, password: str, *words: str) -> tuple[int, str]:
    """The exit code and the screen of a command that is told this password."""
    line = [*fleet.prefix, sys.executable, "-m", "enve", *words]
    with Terminal(line, fleet.environment(), size=(50, 120), cwd=fleet.folder) as screen:
        screen.until("password")
        screen.type(f"{password}\n")
        return screen.end(), screen.plain


def test_the_main_job_without_a_password(fleet: Fleet) -> None:
    fleet.deploy("-l", "n1")
    plan = fleet.plan({"n1.web": {"run": "sleep 86400"}, "n1.tenants.blog": {"run": "sleep 86400"}})
    fleet.march(plan, "-l", "n1")
    fleet.run("restart", "n1.web")
    assert set(fleet.states("n1.**").values()) == {"RUNNING"}
    fleet.deploy("-l", "n1", "--remove", "--yes")


def test_the_main_job_with_a_password(fleet: Fleet) -> None:
    code, said = typed(fleet, PASSWORD, "deploy", "inventory.yml", "-l", "n2")
    assert code == 0, said
    plan = fleet.plan({"n2.web": {"run": "sleep 86400"}})
    code, said = typed(
        fleet, PASSWORD, "march", str(plan), "-l", "n2", "--yes", "--key", fleet.alice
    )
    assert code == 0, said
    code, said = typed(fleet, PASSWORD, "list", "n2.**")
    assert (code, "RUNNING" in said) == (0, True), said
    assert PASSWORD not in said
    code, said = typed(fleet, PASSWORD, "deploy", "inventory.yml", "-l", "n2", "--remove", "-y")
    assert code == 0, said


def test_a_wrong_password_changes_nothing(fleet: Fleet) -> None:
    code, said = typed(fleet, "wrong", "deploy", "inventory.yml", "-l", "n2")
    assert code == 3, said
    assert "sudo did not take the password" in said


def test_a_password_that_nobody_gave_is_named(fleet: Fleet) -> None:
    fleet.inventory["nodes"]["n2"]["become"] = True
    fleet.write()
    done = fleet.deploy("-l", "n2", code=3)
    assert "-K asks for sudo's password" in done.stdout + done.stderr
