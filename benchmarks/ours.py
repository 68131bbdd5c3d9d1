"""enve on the nodes: the same work as the peers', and the bare floor beside it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.fleet import Fleet
from tests.support.lab import Lab

CONFIGS = ("one", "two", "three")


class Ours:
    """A fleet in a folder, and the commands that are measured."""

    def __init__(self, folder: Path, made: Lab) -> None:
        self.folder = folder
        folder.mkdir()
        user = made.nodes[0].user
        self.fleet = Fleet(folder, made.nodes, user=user)
        self.fleet.spots, self.fleet.pms = {"app": {"user": user}}, {}
        self.fleet.keyholes = [{"key": "alice", "may": "march", "scope": "**"}]
        self.fleet.write()
        (folder / "product").mkdir()
        (folder / "product" / "artifact.bin").write_bytes(os.urandom(1 << 20))
        self.values = dict.fromkeys(CONFIGS, "first")
        self.plan = self._plan()
        self.nodes = folder / "nodes.json"
        keep = ("host", "port", "user", "key", "pinned")
        rows = [
            {"name": node.name, **{key: node.inventory[key] for key in keep}} for node in made.nodes
        ]
        self.nodes.write_text(json.dumps(rows))

    def configure(self, name: str, value: str) -> None:
        """Another content of one of the files, on every node."""
        self.values[name] = value
        self._plan()

    def _plan(self) -> Path:
        for name, value in self.values.items():
            text = "".join(f"{name}{i} = {value} {{{{ node.name }}}}\n" for i in range(40))
            (self.folder / f"{name}.conf.j2").write_text(text)
        spot: dict[str, Any] = {
            "run": {"sh": "trap '' HUP; exec sleep 100000"},
            "reload": {"signal": "HUP"},
            "push": "product",
            "files": {f"{name}.conf": f"{name}.conf.j2" for name in self.values},
        }
        return self.fleet.plan({"*.app": spot}, name="bench")

    @property
    def env(self) -> Mapping[str, str]:
        return self.fleet.environment()

    def bare(self, execs: int) -> Sequence[str]:
        """One connection a node and so many times `true`."""
        return [sys.executable, "-m", "benchmarks.bare", str(self.nodes), str(execs)]

    @property
    def deploy(self) -> Sequence[str]:
        return self._command("deploy", str(self.folder / "inventory.yml"))

    @property
    def converge(self) -> Sequence[str]:
        return self._command("march", str(self.plan), "--yes", "--key", "alice")

    @property
    def listing(self) -> Sequence[str]:
        return self._command("list")

    def _command(self, *words: str) -> Sequence[str]:
        return [sys.executable, "-m", "enve", *words]

    def close(self) -> None:
        """Takes pm out of the nodes."""
        self.fleet.close()
