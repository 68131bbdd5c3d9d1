"""What the user's ssh_config says about one host: the first value wins, tokens are filled in.

asyncssh takes `UserKnownHostsFile none` for "check nothing" and reads the files again for every
connection. Here checking stays on, and the files were read once (`enve.host.sshconfigfile`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from enve.host.sshasked import Asked
from enve.host.sshconfigfile import Line, read_files


@dataclass(frozen=True, slots=True)
class HostConfig:
    """What ssh_config says about one host; tokens (%h ...) are filled in."""

    host: str
    port: int = 22
    user: str = ""
    identity_files: tuple[str, ...] = ()
    identities_only: bool = False
    agent: str = ""  # a socket, `none`, or "" = SSH_AUTH_SOCK
    jump: str = ""  # [user@]host[:port][,...]
    proxy_command: str = ""
    known_hosts: tuple[str, ...] = ()
    alias: str = ""
    family: str = "any"
    bind: str = ""


@dataclass(frozen=True, slots=True)
class SshConfig:
    """All lines of the files, in their order. `warnings`: what is not obeyed, and why."""

    lines: tuple[Line, ...] = ()
    warnings: tuple[str, ...] = ()
    _exec: dict[str, bool] = field(default_factory=dict, compare=False)

    def of(self, host: str, *, user: str = "", port: int = 0) -> HostConfig:
        """The settings of `host`; `user` and `port` (from the inventory or a flag) win."""
        values: dict[str, list[str]] = {}
        asked = Asked(host, user, port, values, self._exec)
        for line in self.lines:
            wanted = line.keyword == "identityfile" or line.keyword not in values
            if wanted and all(asked.holds(condition) for condition in line.conditions):
                values.setdefault(line.keyword, []).extend(line.words)
        return _filled(asked)


def _filled(asked: Asked) -> HostConfig:
    jump = asked.first("proxyjump")
    command = asked.first("proxycommand")
    return HostConfig(
        host=asked.host,
        port=asked.port,
        user=asked.user,
        identity_files=tuple(asked.path(f) for f in asked.values.get("identityfile", ())),
        identities_only=asked.first("identitiesonly") == "yes",
        agent=_agent(asked),
        jump="" if jump == "none" else jump,
        proxy_command="" if command == "none" or jump else asked.expand(command),
        known_hosts=_known_hosts(asked),
        alias=asked.first("hostkeyalias"),
        family=asked.first("addressfamily", "any"),
        bind=asked.first("bindaddress"),
    )


def _agent(asked: Asked) -> str:
    value = asked.first("identityagent")
    return "" if value in ("", "SSH_AUTH_SOCK") else value if value == "none" else asked.path(value)


def _known_hosts(asked: Asked) -> tuple[str, ...]:
    """The files to look host keys up in. `none` takes a file away, never the checking."""
    user = asked.values.get("userknownhostsfile") or ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]
    everybody = asked.values.get("globalknownhostsfile") or ["/etc/ssh/ssh_known_hosts"]
    return tuple(asked.path(f) for f in (*user, *everybody) if f != "none")


def read(given: str = "") -> SshConfig:
    """The user's and the system's files; `given`: this file alone, or `none`."""
    return SshConfig(*read_files(given))
