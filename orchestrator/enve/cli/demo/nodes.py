"""Five nodes on loopback: SSH servers in this process, each with its own home and host key.

The servers speak real SSH (asyncssh) and run real commands, as the user who runs the demo. They
listen on 127.0.0.1 only, accept the demo's own key only, and are gone when the demo ends.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CHUNK = 65536  # bytes


@dataclass
class DemoNode:
    """One node: its name, its home folder and its server."""

    name: str
    home: Path
    server: asyncssh.SSHAcceptor
    host_key: str  # OpenSSH public key line

    @property
    def port(self) -> int:
        return int(self.server.get_port())

    @property
    def state(self) -> Path:
        """Its XDG_STATE_HOME."""
        return self.home / ".local" / "state"


async def start(name: str, home: Path, client_key: asyncssh.SSHKey) -> DemoNode:
    """Starts one node's server on a free port."""
    host_key = asyncssh.generate_private_key("ssh-ed25519", comment=name)

    async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await run_command(process, home)

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=authorized(client_key),
        process_factory=serve,
        encoding=None,
        agent_forwarding=False,
        server_factory=OnlyCommands,
    )
    return DemoNode(name, home, server, host_key.export_public_key().decode().strip())


def authorized(key: asyncssh.SSHKey) -> asyncssh.SSHAuthorizedKeys:
    return asyncssh.import_authorized_keys(key.export_public_key().decode())


class OnlyCommands(asyncssh.SSHServer):
    """Public keys only; no tunnels of any kind."""

    def password_auth_supported(self) -> bool:
        return False


async def run_command(process: asyncssh.SSHServerProcess[bytes], home: Path) -> None:
    """Runs what the client asked for in a shell whose home is the node's."""
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        process.command or "exit 0",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=home,
        env=environment(home),
        start_new_session=True,
    )
    assert child.stdin and child.stdout and child.stderr  # noqa: S101  (pipes were asked for)
    feeding = asyncio.create_task(_feed(process.stdin, child.stdin))
    await asyncio.gather(
        _copy(child.stdout, process.stdout), _copy(child.stderr, process.stderr), child.wait()
    )
    feeding.cancel()
    status = child.returncode or 0
    process.exit(status if status >= 0 else 128 - status)


async def _copy(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    with suppress(OSError, asyncssh.Error):  # the client has gone
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()


async def _feed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncssh.Error):  # the command does not read, or the client has gone
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    sink.close()


def environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's environment: a node does not know who runs the demo."""
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "PATH": PATH,
        "USER": os.environ.get("USER", "demo"),
        "LANG": "C.UTF-8",
    }
