"""Is this the host that we mean? One judge a connection; the checking can't be switched off."""

from __future__ import annotations

from pathlib import Path

import asyncssh

from enve.errors import InputError, Unreachable
from enve.host import knownhosts
from enve.host.knownhosts import Known, KnownHosts
from enve.host.sshconfig import HostConfig
from enve.model.site import HostKeyPolicy


class Judge(asyncssh.SSHClient):
    """Decides about the host key that a server shows, and knows how far the connection came."""

    def __init__(self, place: str, config: HostConfig, policy: HostKeyPolicy, pinned: str) -> None:
        self._place = place
        self._host = config.alias or config.host
        self._port = config.port
        self._policy = policy
        self._pinned = pinned
        self._known = Known([], [], [])
        self._index = KnownHosts()
        self._met: asyncssh.SSHKey | None = None
        self._accepted = False
        self.phase = "no answer to a connection"

    def learn(self, index: KnownHosts) -> None:
        """Look the host up. Pinned: only that one key is trusted."""
        self._index = index
        self._known = index.lookup(self._host, self._port)
        if self._policy == "pinned":
            words = self._pinned.split()
            key = knownhosts.read_key(" ".join(words[:2]))
            if key is None:
                raise InputError(
                    f"{self._place}: the pinned host key can't be read",
                    hint="`pinned` wants `ssh-ed25519 AAAA...`: a line of ssh-keyscan, no name",
                )
            self._known = Known([key], [], self._known.revoked)

    @property
    def trusted(self) -> tuple[list[asyncssh.SSHKey], ...]:
        """As asyncssh takes it: a tuple is never empty, so it never means "do not check"."""
        return tuple(self._known)

    # -- called by asyncssh -----------------------------------------------------------------------

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.phase = "connected, but ssh said nothing"

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """A banner is for people who log in, not for us."""

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Asked about keys that are not trusted already."""
        self._met = key
        new = not self._known.keys and not self._known.authorities
        self._accepted = new and self._policy == "accept-new"
        return self._accepted

    # -- afterwards -------------------------------------------------------------------------------

    def check_revoked(self, key: asyncssh.SSHKey | None) -> None:
        """Raises Unreachable for a key that is marked as revoked, also behind a certificate: not
        every asyncssh looks at that."""
        if key in self._known.revoked:
            self._met = key
            raise self.refusal("it is revoked")

    def remember(self, file: Path) -> None:
        """Keep a key that was met for the first time. Raises Unreachable when another enve process
        has just kept another key for this host."""
        if not self._accepted or self._met is None:
            return
        kept = knownhosts.remember(file, self._host, self._port, self._met)
        if kept is not None and knownhosts.key_text(kept) != knownhosts.key_text(self._met):
            self._known = Known([kept], [], [])
            raise self.refusal("it changed since a moment ago")
        name = knownhosts.host_name(self._host, self._port)
        self._index.add(f"{name} {knownhosts.key_text(self._met)}")

    def refusal(self, reason: str) -> Unreachable:
        """The error of a key that is not trusted."""
        shown = knownhosts.fingerprint(self._met) if self._met else reason
        name = knownhosts.host_name(self._host, self._port)
        if self._met in self._known.revoked:
            told, hint = (
                "is marked as revoked",
                "somebody may have stolen it: give the node another",
            )
        elif self._policy == "pinned":
            told, hint = "is not the pinned one", "compare it on the node, then mend `pinned`"
        elif self._known.keys:
            known = ", ".join(knownhosts.fingerprint(key) for key in self._known.keys)
            told = f"has changed (known: {known})"
            hint = (
                "somebody may stand between; if the node was reinstalled: "
                f"ssh-keygen -R '{name}' [-f OUR-KNOWN_HOSTS]"
            )
        else:
            told = "is not known"
            hint = (
                "compare it on the node (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then "
            )
            hint += "--accept-new, or pin it with `host_key: pinned`"
        return Unreachable(
            f"{self._place}: its host key {told}: {shown}", kind="hostkey", hint=hint
        )
