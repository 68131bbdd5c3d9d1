"""The demo's own files: what it writes loads, and its SSH servers carry bytes both ways."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from enve.cli.demo import nodes, play
from enve.cli.demo.site import Site


def test_a_demo_node_runs_commands_in_its_own_home(tmp_path: Path) -> None:
    assert asyncio.run(talk(tmp_path)) == (3, str(tmp_path).encode() + b"\n" + b"x" * 100_000)


async def talk(home: Path) -> tuple[int | None, bytes]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    node = await nodes.start("n1", home, key)
    trusted = ([asyncssh.import_public_key(node.host_key)], [], [])
    async with asyncssh.connect(
        "127.0.0.1", node.port, client_keys=[key], known_hosts=trusted, config=None
    ) as link:
        done = await link.run("echo $HOME; cat; exit 3", input=b"x" * 100_000, encoding=None)
    node.server.close()
    await node.server.wait_closed()
    assert isinstance(done.stdout, bytes)
    return done.exit_status, done.stdout


@pytest.mark.real
def test_the_end_takes_agents_and_nodes_and_nobody_else(tmp_path: Path) -> None:
    outside = dict(os.environ, GNUPGHOME=str(tmp_path / "gpg"))
    inside = dict(os.environ, HOME=str(tmp_path / "nodes" / "n1"))
    editor, service = (
        subprocess.Popen(["sleep", "600"], env=variables) for variables in (outside, inside)
    )
    try:
        play.end_processes(tmp_path)
        assert service.wait(60) == -signal.SIGKILL
        assert editor.poll() is None
    finally:
        editor.kill()
        editor.wait(60)


def test_a_site_to_practise_on_names_its_nodes_to_ssh(tmp_path: Path) -> None:
    site = Site(empty=True)
    try:
        site.write_inventory([nodes.DemoNode("web1", tmp_path, FakeServer(), "ssh-ed25519 AAAA")])
        assert sorted(path.name for path in site.folder.iterdir() if path.is_file()) == [
            *("known_hosts", "nodes.yml", "ssh_config")
        ]
        assert (
            "Host web1\n  HostName 127.0.0.1\n  Port 22022\n"
            in (site.folder / "ssh_config").read_text()
        )
        assert site.environment()["ENVE_SSH_CONFIG"] == str(site.folder / "ssh_config")
    finally:
        site.close()


class FakeServer(asyncssh.SSHAcceptor):
    """A port, and nothing that listens on it."""

    def __init__(self) -> None:
        pass

    def get_port(self) -> int:
        return 22022


@pytest.mark.real
def test_the_demo_tells_the_truth_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enve", "demo"],
        env={**os.environ, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refused by 5 of 5 nodes: rejected (keyhole)" in done.stdout + done.stderr
    assert "web says: good morning from n1" in done.stdout
    (folder,) = set(re.findall(r"/tmp/enve-demo-\w+", done.stdout))
    assert not Path(folder).exists()
    assert not list(tmp_path.iterdir())
