"""What every command on nodes begins with: settings, the domain, and a way to connect.

The modules that this needs are imported by the functions: `--help` is not to wait for them.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from enve.cli import snippet
from enve.cli.color import Paint, wanted
from enve.cli.confirm import password
from enve.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from enve.host.connect import Connector
    from enve.model.site import Domain, Node
    from enve.settings import Settings

DEFAULT_INVENTORY = "inventory"
FLAGS = ("inventory", "forks", "timeout", "user", "private_key", "become", "accept_new")


def settings(args: Namespace) -> Settings:
    """The settings in force; warnings about them are shown."""
    from enve import settings as module  # noqa: PLC0415

    given = {name: getattr(args, name, None) for name in FLAGS}
    found = module.load({name: value for name, value in given.items() if value is not None})
    paint = Paint(wanted(getattr(args, "color", "auto"), sys.stderr, os.environ))
    for warning in found.warnings:
        print(snippet.warning(warning, paint), file=sys.stderr)
    return found


def domain(found: Settings) -> Domain:
    """The domain that -i, the settings, or ./inventory describe."""
    from enve.load.inventory.inventory import load_domain  # noqa: PLC0415

    return load_domain(inventories(found))


def inventories(found: Settings) -> tuple[str, ...]:
    """The files and directories that are meant."""
    if found.inventory:
        return found.inventory
    if Path(DEFAULT_INVENTORY).exists():
        return (DEFAULT_INVENTORY,)
    raise UsageError(
        "no inventory is given",
        hint="-i FILE, ENVE_INVENTORY, `inventory` in enve.toml, or a directory ./inventory",
    )


def limited(domain: Domain, limit: Sequence[str] | None) -> frozenset[str]:
    """The names of the nodes that --limit leaves."""
    from enve.core.resolve import select_nodes  # noqa: PLC0415

    if not limit:
        return frozenset(domain.nodes)
    return frozenset(node.name for node in select_nodes(domain, limit))


def connector(args: Namespace, found: Settings, nodes: Iterable[Node]) -> Connector:
    """A way to connect to these nodes; sudo's password is asked for here, once, if one wants it."""
    from enve.host.connect import Connector  # noqa: PLC0415
    from enve.host.options import SshOptions  # noqa: PLC0415

    asked = getattr(args, "ask_become_pass", False)
    wants = asked or any(node.connection.become.ask for node in nodes)
    options = SshOptions(
        own_known_hosts=found.own_known_hosts,
        known_hosts=found.known_hosts,
        ssh_config=found.ssh_config,
        user=found.user,
        private_key=found.private_key,
        accept_new=found.accept_new,
        connect_timeout=found.connect_timeout,
    )
    return Connector(options, become_password=password("sudo password") if wants else None)


def more_descriptors() -> None:
    """For what keeps a connection to every node open: a march, -w, logs --follow."""
    import resource  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def becoming(nodes: Iterable[Node], found: Settings) -> list[Node]:
    """The nodes with `become` (-b) over what the inventory says."""
    if not found.become:
        return list(nodes)
    return [_become(node) for node in nodes]


def _become(node: Node) -> Node:
    become = replace(node.connection.become, enabled=True)
    return replace(node, connection=replace(node.connection, become=become))
