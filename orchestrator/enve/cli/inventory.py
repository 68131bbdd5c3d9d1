"""`enve inventory [PATTERN...]`: the nodes as loaded; `--explain NODE`: all about one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from enve.cli import arguments, fleet
from enve.core.encode import plain
from enve.core.printable import printable
from enve.errors import OK, UsageError

if TYPE_CHECKING:
    from enve.load.inventory.origin import Origin
    from enve.model.site import Domain, Node

HEADERS = ("NODE", "GROUPS", "CONNECTION", "USER", "INSTALL", "MACHINE")


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve inventory`."""
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="nodes; all if none")
    parser.add_argument("--explain", metavar="NODE", help="how one node is reached, its variables")
    arguments.inventory(parser)
    arguments.screen(parser, ("table", "json", "name"))
    parser.add_argument("--no-headers", action="store_true", help="rows only")


def run(args: argparse.Namespace) -> int:
    """Show the domain; nothing is connected to."""
    from enve.core.resolve import select_nodes  # noqa: PLC0415

    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    if args.explain:
        found = select_nodes(domain, [args.explain])
        if len(found) != 1:
            raise UsageError(f"'{args.explain}' means {len(found)} nodes, --explain takes one")
        return _explain(found[0], fleet.inventories(settings), args)
    limit = fleet.limited(domain, args.limit)
    nodes = select_nodes(domain, args.patterns or ["all"])
    _show(domain, [node for node in nodes if node.name in limit], args)
    return OK


def _show(domain: Domain, nodes: list[Node], args: argparse.Namespace) -> None:
    if args.output == "json":
        groups = {name: list(members) for name, members in domain.groups.items()}
        shown = [record(node) for node in nodes]
        print(json.dumps({"v": 1, "domain": domain.name, "nodes": shown, "groups": groups}))
        return
    if args.output == "name":
        print("".join(f"{node.name}\n" for node in nodes), end="")
        return
    from enve.cli.table import table  # noqa: PLC0415

    rows = [() if args.no_headers else HEADERS, *map(_cells, nodes)]
    print("".join(f"{line}\n" for line in table([row for row in rows if row])), end="")
    if not args.no_headers:
        print(f"domain {domain.name}: {len(nodes)} of {len(domain.nodes)} nodes")


def _cells(node: Node) -> tuple[str, ...]:
    groups = " ".join(node.groups) or "-"
    user = node.connection.user or "-"
    become = " +sudo" if node.connection.become.enabled else ""
    return (node.name, groups, place(node), user + become, node.install, node.machine or "-")


def place(node: Node) -> str:
    """`ssh 10.0.0.1:22`, with the jump host."""
    to = node.connection
    if to.kind == "local":
        return "local"
    jump = f" through {to.jump}" if to.jump else ""
    return f"ssh {to.host or node.name}:{to.port}{jump}"


def record(node: Node) -> dict[str, Any]:
    """A node as plain data."""
    return {**plain(node), "vars": _data(node.vars)}


def _data(value: Any) -> Any:
    """Variables as JSON can say them."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _data(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_data(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _explain(node: Node, paths: Sequence[str], args: argparse.Namespace) -> int:
    from enve.load.inventory.origin import origins  # noqa: PLC0415

    found = origins(paths, node)
    if args.output == "json":
        told = {
            name: [{"owner": origin.owner, "where": str(origin.where)} for origin in places]
            for name, places in found.items()
        }
        print(json.dumps({"v": 1, "node": record(node), "origins": told}))
        return OK
    for line in (*explanation(node), *variables(node, found)):
        print(printable(line))
    return OK


def explanation(node: Node) -> Iterable[str]:
    """How the node is reached and where pm lives on it, a line each."""
    from enve.core import nodepaths  # noqa: PLC0415

    paths = nodepaths.of(node)
    yield f"{node.name}{f'  ({node.where})' if node.where else ''}"
    yield f"  connection  {place(node)}"
    yield f"  login       {node.connection.user or 'as ssh_config says'}"
    yield f"  host key    {node.connection.host_key}"
    yield f"  become      {'root, through sudo' if node.connection.become.enabled else 'no'}"
    yield f"  groups      {' '.join(node.groups) or '-'}"
    yield f"  machine     {node.machine or '-'}"
    yield f"  install     {node.install}"
    yield f"  home        {paths.home}"
    yield f"  pipe        {paths.pipe}"


def variables(node: Node, found: Mapping[str, Sequence[Origin]]) -> Iterable[str]:
    """Each variable with the place that set it, and the places that it won over."""
    yield f"  variables   {len(node.vars) or '-'}"
    for name, value in sorted(node.vars.items()):
        yield f"    {name}: {json.dumps(_data(value), ensure_ascii=False)}"
        for number, origin in enumerate(reversed(found.get(name, ()))):
            yield f"      {'over' if number else 'from'} {origin.owner}, {origin.where}"
