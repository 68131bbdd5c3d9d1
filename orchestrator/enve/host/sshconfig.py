"""What the user's ssh_config says about one host: the first value wins, tokens are filled in.

asyncssh takes `UserKnownHostsFile none` for "check nothing" and reads the files again for every
connection. Here checking stays on, and the files were read once (`enve.host.sshconfigfile`).
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from enve.host import whoami
from enve.host.sshconfigfile import Condition, Line, read_files


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
        asked = _Asked(host, user, port, values, self._exec)
        for line in self.lines:
            wanted = line.keyword == "identityfile" or line.keyword not in values
            if wanted and all(asked.holds(condition) for condition in line.conditions):
                values.setdefault(line.keyword, []).extend(line.words)
        return _filled(asked)


class _Asked:
    """One question: which host, and what is known about it so far."""

    def __init__(
        self,
        host: str,
        user: str,
        port: int,
        values: Mapping[str, list[str]],
        ran: dict[str, bool],
    ) -> None:
        self.original, self._user, self._port, self.values = host, user, port, values
        self._ran = ran

    @property
    def host(self) -> str:
        return (
            self.first("hostname", "%h")
            .replace("%%", "\0")
            .replace("%h", self.original)
            .replace("\0", "%")
        )

    @property
    def user(self) -> str:
        return self._user or self.first("user") or whoami.user()

    @property
    def port(self) -> int:
        text = self.first("port", "22")
        return self._port or (int(text) if text.isdigit() and 0 < int(text) < 65_536 else 22)

    def first(self, keyword: str, otherwise: str = "") -> str:
        return next(iter(self.values.get(keyword, ())), otherwise)

    def holds(self, condition: Condition) -> bool:
        return all(self._test(*test) for test in condition.tests)

    def _test(self, criterion: str, argument: str, negated: bool) -> bool:
        return self._plain(criterion, argument) is not negated

    def _plain(self, criterion: str, argument: str) -> bool:
        subjects: dict[str, Callable[[], str]] = {
            "host": lambda: self.host,
            "originalhost": lambda: self.original,
            "user": lambda: self.user,
            "localuser": whoami.user,
        }
        if criterion in subjects:
            return matches(subjects[criterion]().lower(), argument.lower().split(","))
        if criterion == "exec":
            return self._run(self.expand(argument))
        return criterion == "all"  # `canonical`, `final`: no canonical names here, and one pass

    def _run(self, command: str) -> bool:
        if command not in self._ran:
            try:
                done = subprocess.run(
                    ["/bin/sh", "-c", command], capture_output=True, timeout=10, check=False
                )
                self._ran[command] = done.returncode == 0
            except (OSError, subprocess.TimeoutExpired):
                self._ran[command] = False
        return self._ran[command]

    def expand(self, text: str) -> str:
        """Fill in the tokens of ssh_config(5) that can be known before a connection."""
        tokens = {
            "%": "%",
            "h": self.host,
            "n": self.original,
            "p": str(self.port),
            "r": self.user,
            "u": whoami.user(),
            "d": str(Path.home()),
            "i": str(os.getuid()),
            "k": self.first("hostkeyalias", self.original),
            "l": socket.gethostname(),
            "L": socket.gethostname().partition(".")[0],
        }
        parts = text.split("%")
        done = [parts.pop(0)]
        while parts:
            part = parts.pop(0)
            if part == "" and parts:  # %%
                done.append("%" + parts.pop(0))
            else:
                done.append(tokens.get(part[:1], "%" + part[:1]) + part[1:])
        return "".join(done)

    def path(self, text: str) -> str:
        return os.path.expandvars(str(Path(self.expand(text)).expanduser()))


def _filled(asked: _Asked) -> HostConfig:
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


def _agent(asked: _Asked) -> str:
    value = asked.first("identityagent")
    return "" if value in ("", "SSH_AUTH_SOCK") else value if value == "none" else asked.path(value)


def _known_hosts(asked: _Asked) -> tuple[str, ...]:
    """The files to look host keys up in. `none` takes a file away, never the checking."""
    user = asked.values.get("userknownhostsfile") or ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]
    everybody = asked.values.get("globalknownhostsfile") or ["/etc/ssh/ssh_known_hosts"]
    return tuple(asked.path(f) for f in (*user, *everybody) if f != "none")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """ssh_config's pattern lists: any may match, no negated one."""
    found = False
    for pattern in patterns:
        negated = pattern.startswith("!")
        if fnmatchcase(name, pattern.lstrip("!").replace("[", "[[]")):
            if negated:
                return False
            found = True
    return found


def read(given: str = "") -> SshConfig:
    """The user's and the system's files; `given`: this file alone, or `none`."""
    return SshConfig(*read_files(given))
