"""Keys, agents, proxies and jumps against real servers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.lab import Lab, SshNode

from enve.errors import InputError, MissingError
from enve.host import login
from enve.host.connect import Connector
from enve.host.dial import _host_port
from enve.host.options import SshOptions
from enve.model.site import Connection, Node

pytestmark = pytest.mark.real
RELAY = """
import os, socket, sys, threading
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536):
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := sock.recv(65536):
    os.write(1, data)
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(1) as made:
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME without keys, and no agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


@pytest.fixture
def agent(lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent that holds the lab's key."""
    place = home / "agent"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    try:
        for _ in range(600):
            done = subprocess.run(["ssh-add", "-q", str(lab.key)], capture_output=True, check=False)
            if done.returncode == 0:
                break
            if process.poll() is not None:
                raise AssertionError(done.stderr.decode())
        yield place
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def says_hello(lab: Lab, home: Path, *, key: str = "", config: str = "") -> str:
    """Logs in to the first node and has it say who it is."""
    made: SshNode = lab.nodes[0]
    (home / "ssh_config").write_text(config)
    options = SshOptions(
        home / "own", known_hosts=(str(lab.known_hosts),), ssh_config=str(home / "ssh_config")
    )
    connection = Connection(host=made.address, port=made.port, user=made.user, key=key)

    async def main() -> str:
        async with Connector(options) as connect:
            host = await connect(Node("n1", connection), deadline=20)
            try:
                return (await host.run("echo hello", deadline=20)).stdout.decode()
            finally:
                await host.close()

    return asyncio.run(main())


def test_the_agent_is_asked_when_no_key_is_named(lab: Lab, home: Path, agent: Path) -> None:
    assert says_hello(lab, home) == "hello\n"


def test_a_key_of_which_only_the_public_half_is_here_comes_from_the_agent(
    lab: Lab, home: Path, agent: Path
) -> None:
    (home / "key.pub").write_bytes(Path(f"{lab.key}.pub").read_bytes())
    assert says_hello(lab, home, key=str(home / "key.pub")) == "hello\n"


def test_an_encrypted_key_needs_the_agent(lab: Lab, home: Path) -> None:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(home / "locked")]
    subprocess.run(argv, check=True)
    with pytest.raises(MissingError, match="encrypted") as caught:
        says_hello(lab, home, key=str(home / "locked"))
    assert "ssh-add" in caught.value.hint


def test_a_key_that_is_not_there(lab: Lab, home: Path) -> None:
    with pytest.raises(MissingError, match="there is no key"):
        says_hello(lab, home, key=str(home / "none"))


def test_keys_and_ways_of_ssh_config(lab: Lab, home: Path) -> None:
    (home / "relay.py").write_text(RELAY)
    config = f"""
IdentityFile {lab.key}
ProxyCommand {sys.executable} {home}/relay.py %h %p
"""
    assert says_hello(lab, home, config=config) == "hello\n"


def test_default_keys_in_the_home(lab: Lab, home: Path) -> None:
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/id_ed25519").write_bytes(lab.key.read_bytes())
    assert says_hello(lab, home) == "hello\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bastion", ("bastion", 0)),
        ("bastion:2200", ("bastion", 2200)),
        ("[::1]:2200", ("::1", 2200)),
        ("[::1]", ("::1", 0)),
        ("::1", ("::1", 0)),
    ],
)
def test_a_jump_is_a_host_and_perhaps_a_port(text: str, wanted: tuple[str, int]) -> None:
    assert _host_port(text) == wanted


@pytest.mark.parametrize("text", ["", ":22", "a:b", "a:0", "a:70000", "[::1]x"])
def test_a_jump_that_is_none(text: str) -> None:
    with pytest.raises(InputError):
        _host_port(text)


def test_an_agent_that_says_nothing_has_no_keys(
    lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "AGENT_SECONDS", 0.1)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(home / "agent"))
        silent.listen()
        assert says_hello(lab, home, config=f"IdentityFile {lab.key}") == "hello\n"


def test_the_agent_variable_may_point_nowhere(
    lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", os.devnull)
    assert says_hello(lab, home, key=str(lab.key)) == "hello\n"
