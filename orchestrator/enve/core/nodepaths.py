"""Where pm lives on a node, as sh words: they are expanded on the node, by its shell.

A word is quoted and complete; a path below it is written behind it: `f"{paths.run}/march look"`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from enve.model.site import Node

SYSTEM_HOME = "/var/opt/pm"
SYSTEM_PIPE = "/var/pm/default.pipe"
USER_HOME = '"${XDG_STATE_HOME:-$HOME/.local/state}"/pm'


@dataclass(frozen=True, slots=True)
class NodePaths:
    """sh words: pm's home, its fifo, and the fifo's folder (where the writer `march` lies)."""

    home: str
    pipe: str
    run: str

    @property
    def pm(self) -> str:
        """The launcher: `pm VERB unit`."""
        return f"{self.home}/pm"

    @property
    def march(self) -> str:
        """The writer: `march look`."""
        return f"{self.run}/march"


def of(node: Node) -> NodePaths:
    """The places of this node: what the inventory says, else the default of its install."""
    home = word(node.home) if node.home else _default_home(node)
    if node.pipe:
        return NodePaths(home, word(node.pipe), word(_parent(node.pipe)))
    if node.install == "system":
        return NodePaths(home, SYSTEM_PIPE, _parent(SYSTEM_PIPE))
    return NodePaths(home, f"{home}/run/default.pipe", f"{home}/run")


def word(path: str) -> str:
    """A path as one sh word; `~` and `~/` at its start are the home of the login."""
    if path == "~":
        return '"$HOME"'
    if path.startswith("~/"):
        return f'"$HOME"/{shlex.quote(path[2:])}' if path[2:] else '"$HOME"'
    return shlex.quote(path)


def _default_home(node: Node) -> str:
    return SYSTEM_HOME if node.install == "system" else USER_HOME


def _parent(path: str) -> str:
    head, slash, _ = path.rstrip("/").rpartition("/")
    return head or ("/" if slash else ".")
