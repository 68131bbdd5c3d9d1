"""The domain: machines, nodes, groups, and how each node is reached (memo, "Objects")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from enve.errors import Where

HostKeyPolicy = Literal["strict", "accept-new", "pinned"]
Install = Literal["system", "user"]
# What brings pm back after a reboot.
Register = Literal["auto", "systemd", "openrc", "runit", "busybox", "sysvinit", "cron", "none"]


@dataclass(frozen=True, slots=True)
class Become:
    """Act as root through sudo. `ask`: a password is needed, and asked for once."""

    enabled: bool = False
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """How a node is reached. `kind` local: commands run on this machine, as this user."""

    kind: Literal["ssh", "local"] = "ssh"
    host: str = ""
    port: int = 22
    user: str = ""  # "" = what ssh_config or the login says
    key: str = ""  # path of a private key; "" = ssh_config, then the defaults
    host_key: HostKeyPolicy = "strict"
    pinned: str = ""  # an OpenSSH public key line, for host_key = pinned
    jump: str = ""  # [user@]host[:port]
    become: Become = Become()


@dataclass(frozen=True, slots=True)
class Machine:
    """The building that nodes stand in: a physical host; only its name and facts matter here."""

    name: str
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A room that houses products: one managed host."""

    name: str
    connection: Connection
    groups: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)  # groups' variables already merged in
    machine: str = ""
    install: Install = "user"
    home: str = ""  # "" = the default of `install`
    pipe: str = ""
    where: Where | None = field(default=None, compare=False)  # where the inventory says so
    register: Register = "auto"


@dataclass(frozen=True, slots=True)
class Domain:
    """The whole fleet. `nodes` keeps the inventory's order; `groups` maps to node names."""

    name: str
    nodes: Mapping[str, Node]
    groups: Mapping[str, tuple[str, ...]]
    machines: Mapping[str, Machine] = field(default_factory=dict)
    # Path of the blueprint's file, or of the inventory file that holds it; "" = there is none.
    blueprint: str = ""
