"""The story of `enve shell`: our terminal in front of one resource, or of one node."""

from __future__ import annotations

from enve.app.collect import Collector, as_root
from enve.app.control import meant_units
from enve.core import errand, literal, nodepaths
from enve.core.order import Order, full
from enve.core.selection import Selection
from enve.errors import UsageError
from enve.host.base import Host
from enve.model.site import Node

SHOWN = 10  # addresses that an error names
MANY = "-- COMMAND, at the end, runs one on each of them"


def the_node(nodes: list[Node]) -> Node:
    """The one that is meant. Raises UsageError."""
    if len(nodes) != 1:
        names = ", ".join(node.name for node in nodes[:SHOWN]) or "none"
        told = f"{len(nodes)} nodes are meant, and one can be joined: {names}"
        raise UsageError(told, hint=MANY)
    return nodes[0]


async def join(meant: Selection, node: Node, order: Order, collector: Collector) -> int:
    """`order`: for a resource. The exit status of what we stood in front of. Raises EnveError."""
    host = await collector.connect(node, deadline=collector.deadline)
    try:
        command = await _command(meant, host, order, collector)
        return await host.attend(command, become=as_root(node))
    finally:
        await host.close()


async def _command(meant: Selection, host: Host, order: Order, collector: Collector) -> str:
    node = host.node
    if any(literal.whole_nodes(meant)):
        return shell(nodepaths.of(node))
    units = await meant_units(meant, host, collector)
    if len(units) != 1:
        names = ", ".join(full(node.name, unit) for unit in units[:SHOWN]) or "none"
        told = f"{len(units)} resources are meant, and one can be joined: {names}"
        raise UsageError(told, hint=MANY)
    return order.command(nodepaths.of(node), units)


def shell(paths: nodepaths.NodePaths) -> str:
    """sh: a shell of the login that pm runs as; `pm` in there is that of the node."""
    return errand.STANDING.format(home=paths.home) + '"${SHELL:-/bin/sh}" -i'
