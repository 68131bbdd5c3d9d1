"""A small fleet on this machine with real pms, and the real commands as processes."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from tests.support.keys import KeyHome

NODES = ("n1", "n2")
PLAN = """\
plan: shop
inventory: inventory.yml
vars: {color: red}
spots:
  "*.web":
    run: [sh, -c, "trap : HUP; while :; do sleep 60 & wait $!; done"]
    files: {conf: {content: "color {{ color }}"}}
    reload: {signal: HUP}
    needs: db
  "*.db": {run: sleep 2000}
"""
# Its spot is ready when the test says so: a march that is under way for as long as it is wanted.
SLOW = """\
plan: slow
lane: slow
inventory: inventory.yml
spots:
  "*.slow": {run: sleep SECONDS, ready: {check: "test -e GO"}, start_timeout: 60s}
"""


class Field:
    """Two nodes that obey alice; keys of alice and of a stranger."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ef", dir="/tmp"))
        self.keys = KeyHome()
        self.alice, self.stranger = self.keys.make("alice"), self.keys.make("stranger")

    def __enter__(self) -> Field:
        try:
            self._write()
            done = self.enve("deploy", "inventory.yml", "-y")
            assert done.returncode == 0, done.stdout + done.stderr
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self.enve("deploy", "inventory.yml", "--remove", "-y")
        self.keys.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self) -> None:
        public = self.keys.gpg("--armor", "--export", self.alice)
        (self.folder / "alice.asc").write_bytes(public)
        rows = [
            f"  {name}: {{connection: local, register: none, home: {self.folder}/{name},"
            f" pipe: {self.folder}/{name}/run/default.pipe}}"
            for name in NODES
        ]
        head = ["domain: shop.example", "blueprint: blueprint.yml", "nodes:"]
        self.file("inventory.yml", "\n".join([*head, *rows, ""]))
        spot = f"{{user: {getpass.getuser()}}}"
        self.file(
            "blueprint.yml",
            "keys: {alice: alice.asc}\n"
            'keyholes: [{key: alice, may: march, lanes: [main, slow], scope: "**"}]\n'
            f"nodes: {{all: {{spots: {{web: {spot}, db: {spot}, slow: {spot}}}}}}}\n",
        )
        self.file("plan.yml", PLAN)
        self.write_slow(3000)

    def write_slow(self, seconds: int, name: str = "slow.yml") -> None:
        """A plan that takes until `go` is there; another number makes it another plan."""
        self.file(name, SLOW.replace("GO", str(self.go)).replace("SECONDS", str(seconds)))

    @property
    def go(self) -> Path:
        """When this file is there, `slow` is ready."""
        return self.folder / "go"

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def node(self, name: str) -> Path:
        """The HOME of its pm."""
        return self.folder / name

    def environment(self, who: str) -> dict[str, str]:
        """Everybody has a history of their own."""
        key = {"alice": self.alice, "bob": self.alice, "stranger": self.stranger}[who]
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "GNUPGHOME": str(self.keys.path),
            "XDG_STATE_HOME": str(self.folder / f"state-{who}"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "ENVE_KEY": key,
            "NO_COLOR": "1",
        }

    def enve(self, *words: str, who: str = "alice") -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "enve", *words],
            cwd=self.folder,
            env=self.environment(who),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def at_terminal(self, terminal: int, *words: str) -> subprocess.Popen[str]:
        """One command of a person at a terminal (the far end of a pty)."""
        return subprocess.Popen(
            [sys.executable, "-m", "enve", *words],
            cwd=self.folder,
            env={**self.environment("alice"), "TERM": "dumb"},
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            start_new_session=True,
        )

    def start(self, *words: str, who: str = "alice") -> subprocess.Popen[str]:
        """One command that goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "enve", *words],
            cwd=self.folder,
            env=self.environment(who),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
