"""One question to an ssh_config: which host is meant, what is known of it, what holds for it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from enve.host import whoami
from enve.host.sshconfigfile import Condition


class Asked:
    """`values`: the settings found so far; `ran`: what commands of Match have said."""

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
        return self._port or (int(text) if text.isdecimal() and 0 < int(text) < 65_536 else 22)

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
