"""The demo's own files: what it writes loads, and its SSH servers carry bytes both ways."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncssh

from enve.cli.demo import nodes


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
