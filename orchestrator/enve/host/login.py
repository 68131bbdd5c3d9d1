"""The keys that we log in with: read once a run, as objects; the agent asked once, and only when
no key was named."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncssh

from enve.errors import MissingError
from enve.host.sshconfig import HostConfig

DEFAULTS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
AGENT_SECONDS = 20.0  # for its list of keys; an agent that hangs has none
KeyPairs = list[asyncssh.SSHKeyPair]


class Keys:
    """Key pairs by file, and those of agents by socket."""

    def __init__(self) -> None:
        self._files: dict[str, KeyPairs | None] = {}  # None: encrypted, or not there
        self._agents: dict[str, KeyPairs] = {}
        self._clients: list[asyncssh.SSHAgentClient] = []
        self._asking = asyncio.Lock()

    async def of(self, named: str, config: HostConfig) -> KeyPairs:
        """What to show a host, in order. `named`: the key of the inventory or of --private-key."""
        if named:
            return await self._named(_expanded(named), config)
        found: KeyPairs = []
        for file in config.identity_files or [_expanded(f"~/.ssh/{name}") for name in DEFAULTS]:
            found += self._read(file) or await self._from_agent_by_file(file, config)
        if not config.identities_only:
            found += await self._agent(config)
        return _distinct(found)

    async def _named(self, file: str, config: HostConfig) -> KeyPairs:
        found = self._read(file) or await self._from_agent_by_file(file, config)
        if not found:
            raise _unusable(file)
        return found

    def _read(self, file: str) -> KeyPairs:
        if file not in self._files:
            self._files[file] = None
            with suppress(OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                self._files[file] = list(asyncssh.load_keypairs(file))
        return self._files[file] or []

    async def _from_agent_by_file(self, file: str, config: HostConfig) -> KeyPairs:
        """The agent's key for a file that is encrypted here, or of which only .pub is here."""
        public = Path(file if file.endswith(".pub") else f"{file}.pub")
        try:
            wanted = asyncssh.read_public_key(public).public_data
        except (OSError, asyncssh.KeyImportError):
            return []
        return [key for key in await self._agent(config) if key.public_data == wanted]

    async def _agent(self, config: HostConfig) -> KeyPairs:
        place = config.agent or os.environ.get("SSH_AUTH_SOCK", "")
        if place in ("", "none"):
            return []
        async with self._asking:
            if place not in self._agents:
                self._agents[place] = []
                with suppress(OSError, ValueError, asyncssh.Error):
                    client = asyncssh.SSHAgentClient(place)
                    self._clients.append(client)
                    async with asyncio.timeout(AGENT_SECONDS):
                        self._agents[place] = list(await client.get_keys())
        return self._agents[place]

    def close(self) -> None:
        """Leave the agents alone."""
        for client in self._clients:
            client.close()


def _expanded(file: str) -> str:
    return str(Path(file).expanduser())


def _unusable(file: str) -> MissingError:
    if not Path(file).is_file():
        return MissingError(f"there is no key {file}", hint="name another: --private-key, or `key`")
    return MissingError(
        f"the key {file} can't be used: it is encrypted, or no private key",
        hint=f"ssh-add {file}",
    )


def _distinct(pairs: Sequence[asyncssh.SSHKeyPair]) -> KeyPairs:
    return list({pair.public_data: pair for pair in pairs}.values())
