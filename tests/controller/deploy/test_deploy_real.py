"""enve-deploy as people run it, over real OpenSSH servers, down to a pm that lives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.keys import KeyHome
from tests.support.lab import Lab, SshNode
from tests.support.wait import until

import enve_pm

pytestmark = pytest.mark.real
ENVE = [sys.executable, "-c", "from enve.cli.main import deploy; deploy()"]
PROGRAM = Path(enve_pm.__file__).parent


@dataclass
class Fleet:
    """A lab with an inventory of it, and the command that deploys to it."""

    lab: Lab
    folder: Path
    keys: KeyHome

    def inventory(self, **more: str) -> Path:
        rows = [
            f"  {node.name}: {{host: {node.address}, port: {node.port}, install: user, "
            f"register: none, key: {node.key}}}"
            for node in self.lab.nodes
        ]
        file = self.folder / "inventory.yml"
        file.write_text("\n".join(["domain: test", "blueprint: blueprint.yml", "nodes:", *rows]))
        return file

    def new_program(self) -> None:
        with (self.folder / "program/enve_pm/__init__.py").open("a") as file:
            file.write("# another version\n")

    def blueprint(self, spots: str) -> None:
        (self.folder / "alice.asc").write_bytes(self.keys.public("alice"))
        (self.folder / "blueprint.yml").write_text(
            "keys: {alice: alice.asc}\n"
            "keyholes: [{key: alice, may: [march], scope: ['*.**']}]\n"
            f"nodes: {{'*': {{spots: {spots}}}}}\n"
        )

    def deploy(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "ENVE_KNOWN_HOSTS": str(self.lab.known_hosts),
            "ENVE_SSH_CONFIG": "none",
            "PYTHONPATH": str(self.folder / "program"),  # a copy: tests make new versions of it
        }
        return subprocess.run(
            [*ENVE, str(self.folder / "inventory.yml"), *words],
            capture_output=True,
            text=True,
            env=environment,
            timeout=240,
            check=False,
        )

    def status(self, node: SshNode) -> dict[str, object]:
        return dict(json.loads((node.state / "pm/public/status.json").read_text()))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with Lab(2) as lab, KeyHome() as keys:
        keys.make("alice")
        made = Fleet(lab, tmp_path_factory.mktemp("fleet"), keys)
        made.inventory()
        made.blueprint("{web: {}}")
        shutil.copytree(PROGRAM, made.folder / "program/enve_pm")
        try:
            yield made
        finally:
            made.deploy("--remove", "-y")


def test_a_node_gets_pm_once_and_nothing_the_second_time(fleet: Fleet) -> None:
    checked = fleet.deploy("-C", "-D")
    assert checked.returncode == 2, checked.stderr
    assert not (fleet.lab.nodes[0].state / "pm").exists()

    first = fleet.deploy()
    assert first.returncode == 0, first.stdout + first.stderr
    for node in fleet.lab.nodes:
        assert fleet.status(node)["units"] == {}
        assert (node.state / "pm").stat().st_mode & 0o777 == 0o700

    before = {path: path.stat().st_mtime_ns for path in _files(fleet.lab.nodes[0])}
    second = fleet.deploy()
    assert second.returncode == 0
    assert "unchanged" in second.stdout
    assert {path: path.stat().st_mtime_ns for path in _files(fleet.lab.nodes[0])} == before


def test_what_somebody_changed_on_the_node_is_put_right(fleet: Fleet) -> None:
    assert fleet.deploy().returncode == 0
    writer = fleet.lab.nodes[0].state / "pm/run/march"
    right = writer.read_bytes()
    writer.write_bytes(b"#!/bin/sh\nexit 0\n")
    done = fleet.deploy("-o", "json")
    assert done.returncode == 0, done.stderr
    assert writer.read_bytes() == right


def regular_file(path: Path) -> None:
    path.write_bytes(b"not a pipe\n")


def nothing(path: Path) -> None:
    pass


def another_fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("put", [nothing, regular_file, another_fifo])
def test_a_lost_pipe_is_put_back_under_the_running_pm(
    fleet: Fleet, put: Callable[[Path], None]
) -> None:
    assert fleet.deploy().returncode == 0
    node = fleet.lab.nodes[0]
    pid = fleet.status(node)["pid"]
    pipe = node.state / "pm/run/default.pipe"
    pipe.unlink()
    put(pipe)
    assert fleet.deploy("-C").returncode == 2
    done = fleet.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "n1  pipe; pm " in done.stdout
    assert fleet.status(node)["pid"] == pid
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # somebody reads it
    assert pipe.stat().st_mode & 0o707 == 0o600  # its group may write where it is pm-march
    if put is regular_file:
        assert "default.pipe.moved now" in done.stdout + done.stderr
        assert pipe.with_name("default.pipe.moved").read_bytes() == b"not a pipe\n"
    assert "unchanged" in fleet.deploy().stdout


def test_a_changed_blueprint_reaches_the_running_pm(fleet: Fleet) -> None:
    assert fleet.deploy().returncode == 0
    node = fleet.lab.nodes[0]
    pid = fleet.status(node)["pid"]
    fleet.blueprint("{web: {}, db: {}}")
    done = fleet.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "n1  blueprint; pm " in done.stdout
    assert fleet.status(node)["pid"] == pid
    held = json.loads((node.state / "pm/trust/blueprint.json").read_text())
    assert set(held["spots"]) == {"db", "web"}


def test_a_new_program_takes_over_in_place(fleet: Fleet) -> None:
    assert fleet.deploy().returncode == 0
    before = [fleet.status(node) for node in fleet.lab.nodes]
    fleet.new_program()
    assert fleet.deploy("-C").returncode == 2
    done = fleet.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    for node, old in zip(fleet.lab.nodes, before, strict=True):
        new = fleet.status(node)
        assert new["pid"] == old["pid"]
        assert new["hash"] != old["hash"]
        assert len(list((node.state / "pm/lib").glob("????????????????"))) == 1


def test_a_program_that_cannot_take_over_leaves_the_old_one_and_holds_the_others_back(
    fleet: Fleet,
) -> None:
    assert fleet.deploy().returncode == 0
    before = [fleet.status(node) for node in fleet.lab.nodes]
    broken = fleet.folder / "program/enve_pm/app/pm.py"
    right = broken.read_text()
    broken.write_text(f"{right}\nraise RuntimeError('broken on purpose')\n")
    try:
        done = fleet.deploy()
    finally:
        broken.write_text(right)
    assert done.returncode == 3
    assert "held back" in done.stdout + done.stderr
    assert "no service was touched" in done.stdout + done.stderr
    assert [fleet.status(node)["pid"] for node in fleet.lab.nodes] == [b["pid"] for b in before]
    mended = fleet.deploy()
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert [fleet.status(node)["hash"] for node in fleet.lab.nodes] == [b["hash"] for b in before]
    assert [fleet.status(node)["pid"] for node in fleet.lab.nodes] == [b["pid"] for b in before]


def test_a_dead_pm_is_started_again(fleet: Fleet) -> None:
    assert fleet.deploy().returncode == 0
    node = fleet.lab.nodes[1]
    launcher = str(node.state / "pm/pm")
    subprocess.run([launcher, "shutdown"], check=True, timeout=60, capture_output=True)
    until(lambda: not _lives(fleet.status(node)), "pm is down")
    done = fleet.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "started" in done.stdout
    assert _lives(fleet.status(node))


def test_remove_leaves_nothing(fleet: Fleet) -> None:
    assert fleet.deploy().returncode == 0
    pids = [fleet.status(node)["pid"] for node in fleet.lab.nodes]
    done = fleet.deploy("--remove", "-y")
    assert done.returncode == 0, done.stdout + done.stderr
    for node, pid in zip(fleet.lab.nodes, pids, strict=True):
        assert not (node.state / "pm").exists()
        assert not Path(f"/proc/{pid}").exists()
    again = fleet.deploy("--remove", "-y")
    assert again.returncode == 0
    assert "nothing" in again.stdout


def _files(node: SshNode) -> list[Path]:
    skip = ("public", "jobs", "log")
    home = node.state / "pm"
    return [p for p in home.rglob("*") if p.is_file() and p.relative_to(home).parts[0] not in skip]


def _lives(status: dict[str, object]) -> bool:
    return Path(f"/proc/{status['pid']}").exists()


def test_an_interrupt_tells_each_nodes_state(fleet: Fleet) -> None:
    """A server that never answers, and Ctrl-C."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        file = fleet.folder / "hung.yml"
        port = hung.getsockname()[1]
        file.write_text(f"domain: test\nnodes: {{slow: {{host: 127.0.0.1, port: {port}}}}}\n")
        process = subprocess.Popen(
            [*ENVE, str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(fleet.folder), "ENVE_SSH_CONFIG": "none"},
        )
        connection, _ = hung.accept()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        connection.close()
    assert process.returncode == 130, said.decode()
    assert b"slow" in said
    assert b"interrupted" in said
    assert b"Traceback" not in said
