"""`pm list-dependencies`: what units need, want and wait for, and who needs them."""

from __future__ import annotations

import os

from enve_pm.client import read
from enve_pm.core import address, picture
from enve_pm.core.filename import unquote
from enve_pm.core.picture import DEEPEST, Knot
from enve_pm.shell import listing, where, words
from enve_pm.shell.words import OK, USAGE, Failure
from enve_pm.wire.nested import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = {**where.FLAGS, "-o": True, "--reverse": False, "--depth": True}
OUTPUTS = ("tree", "dot", "json", "text")  # text: an older name of tree


def run(verb: str, arguments: Sequence[str]) -> int:
    """`pm list-dependencies [UNIT...] [-o tree|dot|json] [--reverse] [--depth N]`."""
    options, names = words.split(arguments, FLAGS)
    output = read.choice(options, OUTPUTS)
    depth = int(words.number(options, "--depth", DEEPEST))
    graph = load(where.home(options))
    roots = [address.format(read.steps(name)) for name in names]
    unknown = [name for name in roots if name not in graph]
    if unknown:
        raise Failure(USAGE, f"no unit {unknown[0]}{words.nearest(unknown[0], list(graph))}")
    shown = picture.reverse(graph) if "--reverse" in options else graph
    roots = roots or sorted(graph)
    shown = picture.around(shown, roots, depth)
    print(_text(shown, roots, output))
    return OK


def _text(graph: dict[str, Knot], roots: Sequence[str], output: str) -> str:
    if output == "json":
        import json

        units = {name: knot._asdict() for name, knot in sorted(graph.items())}
        return json.dumps({"v": 1, "units": units})
    return "\n".join(picture.dot(graph) if output == "dot" else picture.tree(graph, roots))


def load(home: str) -> dict[str, Knot]:
    """Every unit of a pm and of those in it, by address, as far as their homes are ours to read."""
    shown = dict(listing.rows(read.status(home), read.subs(home)))
    pms = {(), *(path for path, unit in shown.items() if unit.get("kind") == "subpm")}
    graph = {}
    for above in sorted(pms):
        for unit in _units(home, above):
            path = (*above, unit)
            state = shown.get(path, {})
            try:
                edges = read.edges(read.parameter(home, path), above)
            except Failure:
                continue  # it comes or goes just now, or is none of ours
            text = address.format(path)
            graph[text] = Knot(state.get("state", ""), state.get("result", ""), edges)
    return graph


def _units(home: str, above: Sequence[str]) -> list[str]:
    found = []
    for name in sorted(_names(home, above))[: ALL if above else None]:
        try:
            found.append(address.check_name(unquote(name)))
        except ValueError:
            continue  # no pm has made it
    return found


def _names(home: str, above: Sequence[str]) -> list[str]:
    """Of the folders of its units; none where they are not ours to read."""
    try:
        place = where.nested(home, above, "units")
        try:
            return os.listdir(place)
        finally:
            where.close(place)
    except OSError:
        return []
