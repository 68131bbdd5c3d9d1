"""`enve list-dependencies ADDRESS...`: what resources need, want and wait for, drawn."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from enve.cli import arguments

if TYPE_CHECKING:
    from enve_pm.core.picture import Knot

FORMATS = ("tree", "dot", "svg", "json")
ABOUT = """\
tree: text; dot: for graphviz; svg: a picture, by graphviz's `dot` (the tree where that is missing).
Colours tell states; dashed edges are wants, dotted ones order only; boxes are pms."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve list-dependencies`."""
    parser.epilog = ABOUT
    parser.add_argument("addresses", nargs="+", metavar="ADDRESS", help="web1.shop, web*.**")
    parser.add_argument("--reverse", action="store_true", help="who depends on it")
    parser.add_argument(
        "--depth", type=arguments.count, metavar="N", help="at most N steps away (100)"
    )
    arguments.inventory(parser)
    arguments.connection(parser)
    arguments.screen(parser, FORMATS)
    parser.set_defaults(output="tree")


def run(args: argparse.Namespace) -> int:
    """Ask every node, draw all as one."""
    from enve.cli import control, progress  # noqa: PLC0415
    from enve.core import stories  # noqa: PLC0415
    from enve.core.order import Order  # noqa: PLC0415
    from enve.model.report import Event, Result  # noqa: PLC0415
    from enve_pm.core.refusal import FormatError  # noqa: PLC0415

    graph: dict[str, Knot] = {}
    roots: list[str] = []
    flags = (*(("--reverse",) if args.reverse else ()), *_depth(args))
    with progress.aside(args, ("tree",)) as report:

        def emit(event: Event) -> None:
            if not isinstance(event, Result) or event.problem is not None:
                report.emit(event)
                return
            try:
                graph.update(stories.graph(event.node, event.output))
            except FormatError as error:
                report.emit(stories.unreadable(event, error))
                return
            roots.append(event.address)

        order = Order("list-dependencies", flags, ("-o", "json"))
        control.carry_out(args, order, args.addresses, emit)
        code = report.code
    print(_text(graph, sorted(roots), args.output))
    return code


def _depth(args: argparse.Namespace) -> tuple[str, ...]:
    return () if args.depth is None else (f"--depth={args.depth}",)


def _text(graph: dict[str, Knot], roots: list[str], output: str) -> str:
    from enve_pm.core import picture  # noqa: PLC0415

    if output == "json":
        units = {name: knot._asdict() for name, knot in sorted(graph.items())}
        return json.dumps({"v": 1, "roots": roots, "units": units})
    lines = picture.tree(graph, roots) if output == "tree" else picture.dot(graph)
    if output != "svg":
        return "\n".join(lines)
    return _svg("\n".join(lines)) or "\n".join(picture.tree(graph, roots))


def _svg(dot: str) -> str:
    """The picture; "" where graphviz is not here."""
    program = shutil.which("dot")
    if program is None:
        print("warning: no `dot` here: install graphviz for a picture", file=sys.stderr)
        return ""
    done = subprocess.run(
        [program, "-Tsvg"], input=dot.encode(), stdout=subprocess.PIPE, check=True, timeout=300
    )
    return done.stdout.decode()
