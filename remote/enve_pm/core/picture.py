"""What units depend on, drawn: a tree of text, or a graph for graphviz. Pure.

A graph is {address: Knot}; a neighbour that it does not hold is missing.
"""

from __future__ import annotations

from enve_pm.core import address, states
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Graph = Mapping[str, "Knot"]

# state, result: as shown, "" = not known · edges: [(kind, address)], kind need, want or after
Knot = namedtuple("Knot", "state result edges", defaults=("", "", ()))

DEEPEST = 100
STYLES = {"need": "", "want": "style=dashed", "after": "style=dotted"}
KINDS = ("need", "want", "after")
COLOURS = {
    states.RUNNING: "palegreen",
    states.STOPPED: "lightgrey",
    states.FAIL: "lightcoral",
    states.STARTING_FAIL: "lightcoral",
}
MOVING = "khaki"  # every other state


def reverse(graph: Graph) -> dict[str, Knot]:
    """The same units, each with those that depend on it."""
    turned: dict[str, list[tuple[str, str]]] = {name: [] for name in graph}
    for name, knot in graph.items():
        for kind, other in knot.edges:
            turned.setdefault(other, []).append((kind, name))
    return {name: graph.get(name, Knot())._replace(edges=edges) for name, edges in turned.items()}


def around(graph: Graph, roots: Iterable[str], depth: int = DEEPEST) -> dict[str, Knot]:
    """What can be reached from the roots in so many steps; what lies farther is no part of it."""
    found: dict[str, Knot] = {}
    ring = [root for root in roots if root in graph]
    for step in range(depth + 1):
        found.update((name, graph[name]) for name in ring)
        if step < depth:
            ahead = dict.fromkeys(other for name in ring for _, other in graph[name].edges)
            ring = [name for name in ahead if name in graph and name not in found]
    reached = {*found}
    return {
        name: knot._replace(edges=[e for e in knot.edges if e[1] in reached or e[1] not in graph])
        for name, knot in found.items()
    }


def tree(graph: Graph, roots: Sequence[str]) -> list[str]:
    """An indented tree; what stands above already is not drawn again."""
    lines: list[str] = []
    drawn: set[str] = set()
    stack = [(root, "", 0) for root in reversed(roots)]
    while stack:
        name, kind, depth = stack.pop()
        knot = graph.get(name)
        again = name in drawn and knot is not None and bool(knot.edges)
        lines.append("  " * depth + _line(name, kind, knot) + (" ..." if again else ""))
        if knot is not None and not again and depth < DEEPEST:
            drawn.add(name)
            stack.extend((other, kind, depth + 1) for kind, other in reversed(knot.edges))
    return lines


def _line(name: str, kind: str, knot: Knot | None) -> str:
    label = " [%s]" % kind if kind not in ("", "need") else ""
    if knot is None:
        return "%s%s (missing)" % (name, label)
    return name + label + "".join("  " + word for word in _words(knot))


def _words(knot: Knot) -> list[str]:
    return [word for word in (knot.state, knot.result) if word not in ("", "ok")]


def dot(graph: Graph) -> list[str]:
    """For graphviz: each pm a box, coloured by state; dashed = wants, dotted = after."""
    lines = ["digraph units {", "  rankdir=LR;", "  node [shape=box, style=filled];"]
    lines += _boxes(_nested(graph), (), "  ")
    for name in sorted(graph):
        for kind, other in graph[name].edges:
            style = " [%s]" % STYLES[kind] if STYLES[kind] else ""
            lines.append("  %s -> %s%s;" % (_quoted(name), _quoted(other), style))
    return [*lines, "}"]


def _nested(graph: Graph) -> dict[tuple[str, ...], list[tuple[str, Knot]]]:
    """The units of each pm, by the steps that lead to it; a pm that holds only pms too."""
    pms: dict[tuple[str, ...], list[tuple[str, Knot]]] = {(): []}
    for name in sorted(graph):
        steps = address.parse(name)[:-1]
        for end in range(len(steps) + 1):
            pms.setdefault(steps[:end], [])
        pms[steps].append((name, graph[name]))
    return pms


def _boxes(pms: Mapping[tuple[str, ...], Any], at: tuple[str, ...], margin: str) -> Iterator[str]:
    for name, knot in pms[at]:
        label = "\n".join([name, *_words(knot)])
        colour = COLOURS.get(knot.state, MOVING) if knot.state else "white"
        yield '%s%s [label=%s, fillcolor="%s"];' % (margin, _quoted(name), _quoted(label), colour)
    for inner in sorted(steps for steps in pms if steps[:-1] == at and steps):
        yield "%ssubgraph %s {" % (margin, _quoted("cluster_" + address.format(inner)))
        yield "%s  label=%s;" % (margin, _quoted(address.format(inner)))
        yield from _boxes(pms, inner, margin + "  ")
        yield margin + "}"


def _quoted(text: str) -> str:
    """A string of the dot language."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"%s"' % plain.replace("\n", "\\n")
