"""Walls around a build: what it can write and reach, by each kind that works here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.box import installed
from tests.support.interpreter import python_for

from enve_fire.core.trouble import BUILD, MISSING, Trouble
from enve_fire.stage import sandbox
from enve_fire.stage.commands import run_commands

ENV = {"PATH": "/usr/sbin:/usr/bin:/bin"}


@pytest.fixture(params=[sandbox.BWRAP, sandbox.USERNS])
def walls(request, tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    found = sandbox.Sandbox(request.param, (str(inside),))
    why = sandbox.probe(found)
    if why:
        pytest.skip(f"{request.param}: {why}")
    return found


def run(walls, *commands: str) -> str:
    folder = Path(walls.writable[0])
    log = folder.parent / "log"
    run_commands(commands, ENV, str(folder), str(log), code=BUILD, what="w", walls=walls)
    return log.read_text()


def test_it_writes_where_it_may_and_nowhere_else(walls):
    outside = Path(walls.writable[0]).parent / "out"
    outside.mkdir()
    run(walls, "echo 1 >here", "echo 1 >/dev/null", f"! (echo 1 >{outside}/there) 2>/dev/null")
    run(walls, f"! mv {outside} {outside}2 2>/dev/null")
    assert not list(outside.iterdir())
    assert (Path(walls.writable[0]) / "here").read_text() == "1\n"
    assert os.stat(walls.writable[0] + "/here").st_uid == os.geteuid()  # noqa: PTH116


def test_it_cannot_take_the_walls_down(walls):
    outside = Path(walls.writable[0]).parent
    run(walls, f"! mount -o remount,rw,bind {outside} {outside} 2>&1; ! touch {outside}/x 2>&1")
    run(walls, "! mount -o remount,rw,bind / / 2>&1", "! umount -l . 2>&1")
    assert not (outside / "x").exists()


def test_it_reaches_itself_and_no_other_network(walls):
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = server.getsockname()
        code = (
            "import socket;"
            "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname());"
            f"print(socket.socket().connect_ex({there!r}))"
        )
        said = run(walls, f'{sys.executable} -c "{code}"').splitlines()[-1]
        assert said != "0"
        told = run(walls._replace(network=True), f'{sys.executable} -c "{code}"')
        assert told.splitlines()[-1] == "0"


def test_as_somebody_else_than_root_too(tmp_path):
    """The same, in a process of another user."""
    if os.geteuid():
        pytest.skip("we are somebody else already")
    code = """
import os, sys, tempfile
os.umask(0o077)
place = tempfile.TemporaryDirectory()
os.chdir(place.name)
from enve_fire.stage import sandbox, commands
for kind in sandbox.BWRAP, sandbox.USERNS:
    walls = sandbox.Sandbox(kind, (os.getcwd(),))
    why = sandbox.probe(walls)
    if why:
        print("skipped", kind, why)
        continue
    line = "id -u >me; ! touch ../x; ! mount -o remount,rw,bind / /; ! touch /tmp/enve-x"
    commands.run_commands([line], {"PATH": "/usr/bin:/bin"}, os.getcwd(), "", code=82, what="w",
        walls=walls, report=print)
    print(kind, open("me").read().strip())
"""
    python = python_for("nobody")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", code],
        env={"PYTHONPATH": str(installed().parent), "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        assert line.startswith("skipped") or line.endswith("65534"), done.stdout


def test_one_that_does_not_work_is_told_and_auto_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "FOLDERS", (str(tmp_path),))
    with pytest.raises(Trouble, match="no program bwrap") as caught:
        sandbox.choose("bwrap", (str(tmp_path),), False)
    assert caught.value.code == MISSING
    assert sandbox.choose("auto", (str(tmp_path),), False).kind in (sandbox.USERNS, sandbox.NONE)
    assert sandbox.choose("none", (str(tmp_path),), False) == sandbox.OPEN
