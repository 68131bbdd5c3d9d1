"""Opening ssh connections: keys, host keys, jumps and the tuning that was measured to matter.

What costs in stock asyncssh is left out: known_hosts and ssh_config read again for every
connection, the agent asked every time, chacha20. Acknowledging at once (TCP_QUICKACK) halves the
latency of a connection with one command.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import asyncssh

from enve.errors import EnveError, InputError
from enve.host import sshconfig, sshfail
from enve.host.hostkey import Judge
from enve.host.knownhosts import KnownHosts
from enve.host.login import Keys
from enve.host.options import SshOptions
from enve.host.sshconfig import HostConfig
from enve.host.tcp import Tcp
from enve.model.site import Connection, HostKeyPolicy, Node

CIPHERS = (
    *("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr"),
    *("aes256-ctr", "chacha20-poly1305@openssh.com"),
)
KEEPALIVE = {"keepalive_interval": 15, "keepalive_count_max": 3}


class Target(NamedTuple):
    """One server to connect to."""

    name: str  # how people know it
    config: HostConfig
    key: str
    policy: HostKeyPolicy
    pinned: str

    @property
    def place(self) -> str:
        """`web1 (10.0.0.1:22)`."""
        address = f"{self.config.host}:{self.config.port}"
        return f"{self.name} ({address})" if self.name else address


class Dialer:
    """Opens connections; everything that they share is read once and kept here."""

    def __init__(self, options: SshOptions) -> None:
        self.options = options
        self.config = sshconfig.read(options.ssh_config)
        self._keys = Keys()
        self._known: dict[tuple[str, ...], KnownHosts] = {}
        self._jumps: dict[Target, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    async def connect(self, node: Node, *, deadline: float) -> asyncssh.SSHClientConnection:
        """A connection to the node, logged in. `deadline`: seconds. Raises Unreachable."""
        target = self.target(node.name, node.connection)
        jump = node.connection.jump or target.config.jump
        return await self._through(target, jump, min(deadline, self.options.connect_timeout))

    def target(self, name: str, connection: Connection) -> Target:
        """The server that a Connection names, with what ssh_config says about it."""
        options = self.options
        config = self.config.of(
            connection.host or name, user=options.user or connection.user, port=_port(connection)
        )
        policy = connection.host_key
        if policy == "strict" and options.accept_new:
            policy = "accept-new"
        key = options.private_key or connection.key
        return Target(name, config, key, policy, connection.pinned)

    async def _through(
        self, target: Target, jumps: str, seconds: float
    ) -> asyncssh.SSHClientConnection:
        """Directly, or over a chain of jump hosts; each jump's connection is shared."""
        first, _, last = jumps.rpartition(",")
        if not last:
            return await self._open(target, None, seconds)
        tunnel = await self._jump(self._jump_target(last), first, seconds)
        return await self._open(target, tunnel, seconds)

    def _jump_target(self, text: str) -> Target:
        user, _, rest = text.strip().removeprefix("ssh://").rpartition("@")
        host, port = _host_port(rest)
        policy: HostKeyPolicy = "accept-new" if self.options.accept_new else "strict"
        config = self.config.of(host, user=user, port=port)
        return Target(f"jump host {host}", config, self.options.private_key, policy, "")

    async def _jump(
        self, target: Target, further: str, seconds: float
    ) -> asyncssh.SSHClientConnection:
        task = self._jumps.get(target)
        if task is None or _broken(task):
            task = asyncio.create_task(self._through(target, further, seconds))
            self._jumps[target] = task
        return await asyncio.shield(task)

    async def _open(
        self, target: Target, jump: asyncssh.SSHClientConnection | None, seconds: float
    ) -> asyncssh.SSHClientConnection:
        judge = Judge(target.place, target.config, target.policy, target.pinned)
        judge.learn(self._known_hosts(target.config))
        keys = await self._keys.of(target.key, target.config)
        try:
            async with asyncio.timeout(seconds):
                connection = await self._handshake(target, judge, keys, jump)
        except asyncssh.HostKeyNotVerifiable as error:
            raise judge.refusal(str(error.reason)) from None
        except asyncssh.PermissionDenied as error:
            raise sshfail.login(target.place, target.config.user, len(keys), error) from None
        except TimeoutError:
            raise sshfail.timeout(target.place, seconds, judge.phase) from None
        except (asyncssh.Error, OSError, ValueError) as error:
            raise sshfail.connecting(target.place, error) from None
        try:
            judge.check_revoked(connection.get_server_host_key())
            judge.remember(self.options.own_known_hosts)
        except EnveError:
            connection.abort()
            raise
        return connection

    async def _handshake(
        self,
        target: Target,
        judge: Judge,
        keys: list[asyncssh.SSHKeyPair],
        jump: asyncssh.SSHClientConnection | None,
    ) -> asyncssh.SSHClientConnection:
        config = target.config
        way: dict[str, Any] = {"tunnel": jump or Tcp(config.family, config.bind)}
        if config.proxy_command and jump is None:
            way = {"proxy_command": ["/bin/sh", "-c", f"exec {config.proxy_command}"]}
        return await asyncssh.connect(
            config.host,
            config.port,
            **way,
            **KEEPALIVE,
            config=None,
            client_factory=lambda: judge,
            known_hosts=judge.trusted,
            host_key_alias=config.alias or None,
            username=config.user,
            client_keys=keys or None,
            agent_path=None,
            agent_forwarding=False,
            preferred_auth=("publickey",),
            gss_host=None,
            x509_trusted_certs=None,
            encryption_algs=list(CIPHERS),
            compression_algs=None,
            connect_timeout=None,
            login_timeout=0,
        )

    def _known_hosts(self, config: HostConfig) -> KnownHosts:
        files = self.options.known_hosts or config.known_hosts
        if files not in self._known:
            places = [Path(file).expanduser() for file in files]
            self._known[files] = KnownHosts.read([*places, self.options.own_known_hosts])
        return self._known[files]

    async def close(self) -> None:
        """End the jump hosts' connections and leave the agents."""
        for task in self._jumps.values():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                (await task).abort()
        self._keys.close()


def _broken(task: asyncio.Task[asyncssh.SSHClientConnection]) -> bool:
    if not task.done():
        return False
    return bool(task.cancelled() or task.exception() is not None or task.result().is_closed())


def _port(connection: Connection) -> int:
    # 22 is the default, and says nothing against another one in ssh_config.
    return 0 if connection.port == 22 else connection.port


def _host_port(text: str) -> tuple[str, int]:
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65_536)):
        raise InputError(f"jump: wanted [user@]host[:port], found '{text}'")
    return host, int(port or 0)
