"""A whole fleet as a user has it: an inventory, a blueprint, keys, and the real commands.

The commands run as processes of their own (`python -m enve ...`) with their own GNUPGHOME and XDG
folders; the nodes are user installs below each node's home, never registered with the host.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import yaml

from tests.support.keys import KeyHome


class Reachable(Protocol):
    """What a fleet needs to know of a node."""

    @property
    def name(self) -> str: ...

    @property
    def inventory(self) -> dict[str, Any]: ...


class Fleet:
    """Files in `folder`, keys of alice (all spots) and bob (spots `bob*` only)."""

    def __init__(self, folder: Path, nodes: Iterable[Reachable], *, user: str = "root") -> None:
        self.folder = folder
        self.keys = KeyHome()
        self.prefix: Sequence[str] = ()
        self.patience = 120.0  # seconds that a command may take
        self.user = user
        self.alice = self.keys.make("alice")
        self.bob = self.keys.make("bob")
        self.keyholes: list[dict[str, Any]] = [
            {"key": "alice", "may": "march", "scope": "**"},
            {"key": "bob", "may": "march", "scope": "*.bob*"},
        ]
        self.spots: dict[str, Any] = {
            name: {"user": user} for name in ("db", "web", "job", "bob", "extra")
        }
        self.pms: dict[str, Any] = {
            "tenants": {"mode": "user", "user": user, "spots": {"blog": {"user": user}}}
        }
        self.key_files: dict[str, str] = {}
        for name in ("alice", "bob"):
            self.publish(name, self.keys.public(getattr(self, name)))
        self.inventory = {
            "domain": "test.example",
            "blueprint": "blueprint.yml",
            "nodes": {node.name: node.inventory for node in nodes},
        }
        self.write()

    def publish(self, name: str, ring: bytes) -> None:
        """Lays a public key down for the blueprint, under this name."""
        self.key_files[name] = f"{name}.gpg"
        (self.folder / f"{name}.gpg").write_bytes(ring)

    def write(self) -> None:
        """The inventory and the blueprint as they are now."""
        self.save("inventory.yml", self.inventory)
        blueprint = {
            "keys": dict(self.key_files),
            "keyholes": self.keyholes,
            "nodes": {"*": {"spots": self.spots, "pms": self.pms}},
        }
        self.save("blueprint.yml", blueprint)

    def save(self, name: str, content: Any) -> Path:
        file = self.folder / name
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return file

    def plan(self, spots: dict[str, Any], name: str = "plan", **more: Any) -> Path:
        content = {"plan": name, "inventory": "inventory.yml", **more, "spots": spots}
        return self.save(f"{name}.yml", content)

    def environment(self, operator: str = "op", **more: str) -> dict[str, str]:
        """`operator`: whose XDG folders (history, facts); two of them are two laptops."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ENVE_", "XDG_", "SSH_"))}
        home = self.folder / "operators" / operator
        return {
            **kept,
            "HOME": str(home),
            "GNUPGHOME": str(self.keys.path),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "ENVE_INVENTORY": str(self.folder / "inventory.yml"),
            **more,
        }

    def start(
        self, *words: str, operator: str = "op", folder: Path | None = None, **env: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "enve", *words],
            cwd=folder or self.folder,
            env=self.environment(operator, **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *words: str, code: int | None = 0, folder: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs one command to its end and asserts its exit code (None: any)."""
        process = self.start(*words, folder=folder, **env)
        out, err = finish(process, self.patience)
        done = subprocess.CompletedProcess(words, process.returncode, out, err)
        said = f"{' '.join(words)} -> {done.returncode}\n{out}\n{err}"
        assert code is None or done.returncode == code, said
        assert "Traceback" not in out + err, said
        return done

    def deploy(self, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        return self.run("deploy", "inventory.yml", *words, code=code)

    def march(
        self, plan: Path, *words: str, code: int | None = 0, key: str = "alice", **env: str
    ) -> subprocess.CompletedProcess[str]:
        who = getattr(self, key, key)
        return self.run("march", str(plan), "--yes", "--key", who, *words, code=code, **env)

    def rows(self, *patterns: str) -> dict[str, dict[str, Any]]:
        """The listing by address."""
        done = self.run("list", *patterns, "-o", "json", code=None)
        return {row["address"]: row for row in json.loads(done.stdout)["rows"]}

    def states(self, *patterns: str) -> dict[str, str]:
        return {address: row["state"] for address, row in self.rows(*patterns).items()}

    def close(self) -> None:
        """Takes pm out of every node; what cannot be reached any more is ended by its pid."""
        self.run("deploy", "inventory.yml", "--remove", "--yes", code=None)
        end_processes_below(self.folder)
        self.keys.close()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def finish(process: subprocess.Popen[str], deadline: float = 120) -> tuple[str, str]:
    """Both outputs of a command; one that does not end is ended, and what it said is the error."""
    try:
        return process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        raise AssertionError(f"not within {deadline} s: {process.args}\n{out}\n{err}") from None


def end_processes_below(folder: Path) -> list[int]:
    """Kills every process whose HOME or PMHOME lies below the (temporary) folder."""
    mark = os.fsencode(folder)
    ended = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(v.startswith((b"HOME=" + mark, b"PMHOME=" + mark)) for v in variables):
            ended.append(int(entry.name))
    for pid in ended:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return ended
