"""Nodes that can't be talked to: exit 4, the reason by name, and the others are served."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.support.lab import SshNode, make_key
from tests.support.site import Site, screen

pytestmark = pytest.mark.real
DEADLINE = 60  # seconds for a whole command: far less than hanging


@contextmanager
def restarted(node: SshNode) -> Iterator[None]:
    """The node's sshd is another one meanwhile."""
    node.stop()
    try:
        yield
    finally:
        node.stop()
        node.start()


@contextmanager
def down(node: SshNode) -> Iterator[None]:
    with restarted(node):
        yield


@contextmanager
def with_another_host_key(node: SshNode) -> Iterator[None]:
    kept = {file: file.read_bytes() for file in node.folder.glob("host_key*")}
    with restarted(node):
        node.new_host_key()
        node.start()
        try:
            yield
        finally:
            for file, content in kept.items():
                file.write_bytes(content)


@contextmanager
def frozen(node: SshNode) -> Iterator[None]:
    """The kernel takes connections, and nobody says a word."""
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.process.pid, signal.SIGCONT)


@contextmanager
def with_another_login(node: SshNode) -> Iterator[None]:
    """The node's sshd does not know our key."""
    ours = node.key
    theirs = node.folder / "login"
    make_key(theirs)
    with restarted(node):
        node.key = theirs
        node.start()
        node.key = ours
        yield
    for file in node.folder.glob("login*"):
        file.unlink()


@contextmanager
def with_a_hung_shell(node: SshNode) -> Iterator[None]:
    """Logging in works, and then no command ever begins."""
    tools = node.folder / "hung"
    tools.mkdir()
    (tools / "sh").write_text("#!/bin/sh\nexec sleep 600\n")
    (tools / "cat").write_text("#!/bin/sh\nexec sleep 600\n")
    for file in tools.iterdir():
        file.chmod(0o755)
    node.environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    with restarted(node):
        node.start()
        node.environment = {}
        yield
    shutil.rmtree(tools)


FAULTS: dict[str, tuple[Callable[[SshNode], AbstractContextManager[None]], str]] = {
    "no server": (down, "connection refused"),
    "another host key": (with_another_host_key, "host key is not the pinned one"),
    "a server that says nothing": (frozen, "ssh said nothing within 6 s"),
    "a server that refuses the login": (with_another_login, "login"),
}


def at_once(site: Site, *flags: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """The four commands that go to nodes, side by side; each with what it said."""
    march = ["march", str(site.plan()), "--yes", "--key", site.fleet.alice]
    lines = [["list"], ["deploy", "inventory.yml"], march, ["stop", "n3.web"]]
    env = {"ENVE_CONNECT_TIMEOUT": "6"}
    started = [site.fleet.start(*words, *flags, **env) for words in lines]
    ended = {}
    for words, process in zip(lines, started, strict=True):
        out, err = process.communicate(timeout=DEADLINE)
        ended[words[0]] = subprocess.CompletedProcess(words, process.returncode, out, err)
    return ended


@pytest.mark.parametrize("name", FAULTS)
def test_a_node_that_can_not_be_reached(site: Site, name: str) -> None:
    fault, words = FAULTS[name]
    with site.unchanged(), fault(site.node("n3")):
        for verb, done in at_once(site).items():
            said = screen(done)
            assert done.returncode == 4, f"{verb} {done.returncode} {said}"
            assert "n3" in said
            assert words in said, said


def test_a_node_that_hangs_after_the_login(site: Site) -> None:
    """The deadline ends it, with one code for all: a march says that nothing was sent."""
    with site.unchanged(), with_a_hung_shell(site.node("n3")):
        ended = at_once(site, "-T", "8")
        for verb, done in ended.items():
            assert "n3" in screen(done)
            assert "within 8 s" in screen(done), screen(done)
            assert done.returncode == 124, verb
            assert verb != "march" or "nothing was sent" in screen(done)
    with site.unchanged():
        site.march()
