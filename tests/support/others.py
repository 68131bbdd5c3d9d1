"""Software of others, as tests know it: a folder of tests/cases/products each.

    enve.yml    its profile
    real.yml    where it comes from, what it answers, and what makes its second version

`real.yml`: `from` (a client of `registry`: its words), `next` (`version`; in `file`, `old` becomes
`new`; without it there is but one), `says` (VERSION stands for its version), `set` (values of its
profile), and
of a server: `ask` (what is sent first), `change` (values of another setup; else another port)
of a program: `run` (a command), `config` (more of a profile).
"""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from tests.support import registry
from tests.support.fetching import Repo
from tests.support.mirror import Mirror

PRODUCTS = Path(__file__).parents[1] / "cases" / "products"
PIECE = 4096


def port() -> int:
    """One that is free now."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Other:
    """`versions`: the release, and the one that tests make of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.file = PRODUCTS / name / "enve.yml"
        self.text = self.file.read_text()
        self.profile: dict[str, Any] = yaml.safe_load(self.text)
        self.real: dict[str, Any] = yaml.safe_load(self.file.with_name("real.yml").read_text())
        self.versions = (self.profile["version"], self.real.get("next", {}).get("version", ""))

    def archive(self) -> Path:
        """As its registry has it. Skips where that cannot be asked."""
        ((client, words),) = self.real["from"].items()
        found: Path = getattr(registry, client)(*words)
        return found

    def says(self, version: str) -> str:
        return str(self.real["says"]).replace("VERSION", version)

    def answers(self, number: int, says: str) -> bool:
        """Whether the server at a port says that, when it is asked."""
        heard = b""
        try:
            with closing(socket.create_connection(("127.0.0.1", number), 1)) as link:
                link.settimeout(10)  # a child of dropbear takes seconds on a busy machine
                link.sendall(self.real["ask"].encode())
                while says.encode() not in heard and (piece := link.recv(PIECE)):
                    heard += piece
        except OSError:
            pass  # not yet, or no longer
        return says.encode() in heard


class Published:
    """Its repository on a mirror: a commit and a tag for each of both versions. `commits`: urls
    that say which one it is."""

    def __init__(self, other: Other, mirror: Mirror) -> None:
        self.other = other
        self._repo = mirror.repo(other.name, other.archive())
        ids = [self._commit(version) for version in other.versions]
        self._repo.git("repack", "-adq")
        self._url = mirror.publish(self._repo)
        self.commits = [f"{self._url}#{one}" for one in ids]

    def url(self, number: int) -> str:
        """By its tag."""
        return f"{self._url}#v{self.other.versions[number]}"

    def _commit(self, version: str) -> str:
        first = self.other.versions[0]
        if version != first:
            _change(self._repo, **self.other.real["next"])
        text = self.other.text.replace(first, version)
        commit = self._repo.commit(**{"enve.yml": text})
        self._repo.git("tag", "v" + version)
        return commit


def _change(repo: Repo, file: str, old: str, new: str, **_: str) -> None:
    path = repo.path / file
    text = path.read_text()
    assert old in text, f"{file} does not say {old}"
    path.write_text(text.replace(old, new))
