"""The demo's folder: keys, homes, and the files that a user would write by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from enve.cli.demo.nodes import DemoNode
from enve.host import whoami

HEAD = """\
domain: demo.example
{blueprint}# Real SSH servers on this machine, one port each; every host key is pinned.
defaults: {{host: 127.0.0.1, user: {user}, key: id, install: user, register: none}}
nodes:
"""
# What a fleet's folder holds, without the demo's keys, nodes and controller.
FILES = ("inventory.yml", "blueprint.yml", "plan.yml", "templates", "web.sh", "web.conf.j2", "id")
HOST = """\
Host {node.name}
  HostName 127.0.0.1
  Port {node.port}
  User {user}
  IdentityFile {folder}/id
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
"""


class Site:
    """Everything that the demo writes lies in `folder`; `close` removes it."""

    def __init__(self, *, empty: bool = False) -> None:
        # A short path: the sockets of gpg's agent must have names of at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="enve-demo-", dir="/tmp"))
        self.user = whoami.user()
        for name in ("alice", "mallory"):
            (self.folder / f"gpg-{name}").mkdir(mode=0o700)
        self.empty = empty
        # Those who practise write the inventory themselves.
        self.inventory = self.folder / ("nodes.yml" if empty else "inventory.yml")
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

    def copy_for(self, thief: str) -> None:
        """The same files in a folder of the thief's, who has put a keyhole into them."""
        own = self.folder / thief
        shutil.copytree(self.folder, own, ignore=lambda _, names: {*names} - {*FILES})
        blueprint = (own / "blueprint.yml").read_text()
        (own / "blueprint.yml").write_text(blueprint.replace("alice", thief))

    def home(self, name: str) -> Path:
        """The (new) home folder of a node."""
        home = self.folder / "nodes" / name
        home.mkdir(parents=True)
        return home

    def write_inventory(self, nodes: list[DemoNode]) -> None:
        rows = (f'  {n.name}: {{port: {n.port}, pinned: "{n.host_key}"}}\n' for n in nodes)
        blueprint = "" if self.empty else "blueprint: blueprint.yml\n"
        self.inventory.write_text(HEAD.format(blueprint=blueprint, user=self.user) + "".join(rows))
        if self.empty:
            self._write_ssh_config(nodes)

    def _write_ssh_config(self, nodes: list[DemoNode]) -> None:
        """So that `ssh -F ssh_config web1`, and enve, reach the nodes by their names."""
        hosts = (HOST.format(node=n, user=self.user, folder=self.folder) for n in nodes)
        (self.folder / "ssh_config").write_text("".join(hosts))
        known = (f"[127.0.0.1]:{n.port} {n.host_key}\n" for n in nodes)
        (self.folder / "known_hosts").write_text("".join(known))

    def environment(self, who: str = "alice") -> dict[str, str]:
        """For the controller's commands: the caller's own settings and keys are not touched."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ENVE_", "GNUPG", "XDG_", "SSH_"))
        }
        return {
            **kept,
            **({"ENVE_SSH_CONFIG": str(self.folder / "ssh_config")} if self.empty else {}),
            "GNUPGHOME": str(self.folder / f"gpg-{who}"),
            "XDG_STATE_HOME": str(self.folder / "controller" / "state"),
            "XDG_CACHE_HOME": str(self.folder / "controller" / "cache"),
            "XDG_CONFIG_HOME": str(self.folder / "controller" / "config"),
            "ENVE_INVENTORY": str(self.folder / "inventory.yml"),
        }

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
