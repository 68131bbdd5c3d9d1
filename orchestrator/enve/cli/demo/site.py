"""The demo's folder: keys, homes, and the files that a user would write by hand."""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from enve.cli.demo.nodes import DemoNode

HEAD = """\
domain: demo.example
blueprint: blueprint.yml
# Real SSH servers on this machine, one port each; every host key is pinned.
defaults: {{host: 127.0.0.1, user: {user}, key: id, install: user, register: none}}
nodes:
"""


class Site:
    """Everything that the demo writes lies in `folder`; `close` removes it."""

    def __init__(self, *, empty: bool = False) -> None:
        # A short path: the sockets of gpg's agent must have names of at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="enve-demo-", dir="/tmp"))
        self.user = getpass.getuser()
        for name in ("alice", "mallory"):
            (self.folder / f"gpg-{name}").mkdir(mode=0o700)
        if not empty:
            self._write_files()

    def _write_files(self) -> None:
        source = files("enve.cli.demo") / "files"
        for name in ("plan.yml", "templates/web.sh", "templates/web.conf.j2"):
            target = self.folder / name
            target.parent.mkdir(exist_ok=True)
            target.write_text((source / name).read_text())
        blueprint = (source / "blueprint.yml.in").read_text().replace("@USER@", self.user)
        (self.folder / "blueprint.yml").write_text(blueprint)

    def home(self, name: str) -> Path:
        """The (new) home folder of a node."""
        home = self.folder / "nodes" / name
        home.mkdir(parents=True)
        return home

    def write_inventory(self, nodes: list[DemoNode]) -> None:
        rows = (f'  {n.name}: {{port: {n.port}, pinned: "{n.host_key}"}}\n' for n in nodes)
        text = HEAD.format(user=self.user) + "".join(rows)
        (self.folder / "inventory.yml").write_text(text)

    def environment(self, who: str = "alice") -> dict[str, str]:
        """For the controller's commands: the caller's own settings and keys are not touched."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ENVE_", "GNUPG", "XDG_", "SSH_"))
        }
        return {
            **kept,
            "GNUPGHOME": str(self.folder / f"gpg-{who}"),
            "XDG_STATE_HOME": str(self.folder / "controller" / "state"),
            "XDG_CACHE_HOME": str(self.folder / "controller" / "cache"),
            "XDG_CONFIG_HOME": str(self.folder / "controller" / "config"),
            "ENVE_INVENTORY": str(self.folder / "inventory.yml"),
        }

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
