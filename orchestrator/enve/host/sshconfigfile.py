"""Reading ssh_config files: Host, Match, Include; settings with the conditions they stand under.

asyncssh skips keywords that it does not know without a word. Here what touches safety and is not
obeyed is told.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from glob import glob
from pathlib import Path
from typing import NamedTuple

from enve.errors import InputError, Where

MAX_FILE = 4 << 20  # bytes
MAX_DEPTH = 16  # of Include
SYSTEM_FILE = Path("/etc/ssh/ssh_config")

# What we obey. The first value that a file gives wins; `identityfile` gathers all of them.
OBEYED = (
    *("hostname", "port", "user", "identityfile", "identitiesonly", "identityagent"),
    *("proxyjump", "proxycommand", "userknownhostsfile", "globalknownhostsfile", "hostkeyalias"),
    *("addressfamily", "bindaddress"),
)
# What users rely on and we do otherwise: said once a run.
INSTEAD = {
    "stricthostkeychecking": "host keys are always checked; --accept-new or `host_key` decide",
    "checkhostip": "host keys are looked up by name",
    "revokedhostkeys": "use a @revoked line in known_hosts",
    "verifyhostkeydns": "host keys from DNS are not used",
    "knownhostscommand": "only known_hosts files are read",
    "forwardagent": "the agent is never forwarded",
    "hostkeyalgorithms": "the types in known_hosts decide",
    "ciphers": "asyncssh's list is used, aes128-gcm first",
    "macs": "asyncssh's list is used",
    "kexalgorithms": "asyncssh's list is used",
    "certificatefile": "only KEY-cert.pub beside the key is used",
    "pkcs11provider": "keys on tokens come through an agent",
    "controlmaster": "connections are not shared with ssh",
    "controlpath": "connections are not shared with ssh",
}
MANY = {"userknownhostsfile", "globalknownhostsfile"}


class Line(NamedTuple):
    """One setting, with the conditions (all must hold) under which it stands."""

    conditions: tuple[Condition, ...]
    keyword: str
    words: tuple[str, ...]


class Condition(NamedTuple):
    """A `Host` line or a `Match` line: (criterion, argument, negated) triples, all must hold."""

    tests: tuple[tuple[str, str, bool], ...]


def read_files(given: str) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """The lines of the user's and the system's file (`given`: of this one alone, or `none`), and
    warnings about what is not obeyed."""
    if given == "none":
        return (), ()
    files = [Path(given).expanduser()] if given else [Path.home() / ".ssh" / "config", SYSTEM_FILE]
    if given and not files[0].is_file():
        raise InputError("no such ssh_config", where=Where(given))
    reader = _Reader()
    for file in files:
        reader.file(file, (), 0)
    return tuple(reader.lines), tuple(reader.warnings)


class _Reader:
    """Splits files into lines with their conditions."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.warnings: list[str] = []

    def file(self, file: Path, outer: tuple[Condition, ...], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise InputError("Include is nested too deep", where=Where(str(file)))
        try:
            with file.open("rb") as stream:
                text = stream.read(MAX_FILE).decode("utf-8", "replace")
        except OSError:
            return
        conditions = outer
        for number, line in enumerate(text.splitlines(), 1):
            where = Where(str(file), number, 1)
            keyword, words = _split(line, where)
            if keyword in ("host", "match"):
                conditions = (*outer, _condition(keyword, words, where))
            elif keyword == "include":
                for found in _included(words, file):
                    self.file(found, conditions, depth + 1)
            elif keyword:
                self._setting(Line(conditions, keyword, tuple(words)), where)

    def _setting(self, line: Line, where: Where) -> None:
        if line.keyword in OBEYED and line.words:
            words = line.words if line.keyword in MANY else line.words[:1]
            if line.keyword == "proxycommand":
                words = (" ".join(line.words),)
            self.lines.append(line._replace(words=words))
        elif line.keyword in INSTEAD and not _harmless(line):
            self.warnings.append(f"{where}: {line.keyword} is ignored: {INSTEAD[line.keyword]}")


def _harmless(line: Line) -> bool:
    """Settings that ask for what we do anyway."""
    value = line.words[0].lower() if line.words else ""
    safe = {"stricthostkeychecking": ("yes", "ask"), "forwardagent": ("no",)}
    return value in safe.get(line.keyword, ("no", "none"))


def _split(line: str, where: Where) -> tuple[str, list[str]]:
    line = line.strip()
    if not line or line.startswith("#"):
        return "", []
    keyword = line.replace("=", " ").split(None, 1)[0].lower()
    rest = line[len(keyword) :].strip().removeprefix("=").strip()
    if keyword == "proxycommand":
        return keyword, [rest]
    try:
        return keyword, shlex.split(rest, comments=True)
    except ValueError as error:
        raise InputError(f"{keyword}: {error}", where=where) from None


def _condition(keyword: str, words: list[str], where: Where) -> Condition:
    if keyword == "host":
        return Condition((("originalhost", ",".join(words), False),))
    tests: list[tuple[str, str, bool]] = []
    rest = list(words)
    while rest:
        word = rest.pop(0).lower()
        negated, criterion = word.startswith("!"), word.lstrip("!")
        bare = criterion in ("all", "canonical", "final")
        if not bare and not rest:
            raise InputError(f"Match {criterion} wants a word after it", where=where)
        tests.append((criterion, "" if bare else rest.pop(0), negated))
    return Condition(tuple(tests))


def _included(words: Iterable[str], file: Path) -> list[Path]:
    """Relative names start at ~/.ssh, or at /etc/ssh in the system's file."""
    base = SYSTEM_FILE.parent if SYSTEM_FILE.parent in file.parents else Path.home() / ".ssh"
    found: list[Path] = []
    for word in words:
        found += [Path(name) for name in sorted(glob(str(base / Path(word).expanduser())))]  # noqa: PTH207
    return found
