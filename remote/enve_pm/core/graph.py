"""The edges between units: need (hard), want (start it, ignore its failure), after (order only).

A need orders too; a want alone does not. Cycles are refused whatever their edges are.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Protocol

    from enve_pm.core.unit import UnitSpec

    class Specs(Protocol):
        """Units by name: a mapping, or whatever can be asked like one."""

        def get(self, name: str, /) -> UnitSpec | None: ...


NEED = 1
WANT = 2
AFTER = 4
WORDS = {NEED: "needs", WANT: "wants", AFTER: "after"}


def edges(spec: UnitSpec) -> dict[str, int]:
    """Neighbour -> kinds of edge to it (NEED | WANT | AFTER), in the line's order."""
    found = dict.fromkeys(spec.needs, NEED)
    for name in spec.wants:
        found[name] = found.get(name, 0) | WANT
    for name in spec.after:
        found[name] = found.get(name, 0) | AFTER
    return found


def words(kinds: int) -> str:
    """The kinds of an edge as text: `needs`, `wants+after`."""
    return "+".join(word for kind, word in WORDS.items() if kinds & kind)


def find_cycle(specs: Specs, roots: Iterable[str]) -> list[str]:
    """A cycle that can be reached from the roots (first name = last name), or []."""
    done: set[str] = set()
    for root in roots:
        cycle = _walk(specs, root, done)
        if cycle:
            return cycle
    return []


def show_cycle(specs: Specs, cycle: list[str]) -> str:
    """`web needs db after web`."""
    text = cycle[0]
    for name, following in zip(cycle, cycle[1:]):  # noqa: B905, RUF007
        spec = specs.get(name)
        kinds = edges(spec).get(following, 0) if spec else 0
        text += f" {words(kinds)} {following}"
    return text


def order(specs: Mapping[str, UnitSpec]) -> list[str]:
    """All units, what they need, want or come after first; else in the order given."""
    placed: dict[str, None] = {}
    for root in specs:
        stack = [(root, _neighbours(specs, root))]
        opened = {root}
        while stack and root not in placed:
            name, rest = stack[-1]
            for following in rest:
                if following in specs and following not in placed and following not in opened:
                    opened.add(following)
                    stack.append((following, _neighbours(specs, following)))
                    break
            else:
                placed[name] = None
                stack.pop()
    return list(placed)


def _neighbours(specs: Specs, name: str) -> Iterator[str]:
    spec = specs.get(name)
    return iter(edges(spec) if spec else ())


def _walk(specs: Specs, root: str, done: set[str]) -> list[str]:
    """Depth first without recursion; `path` is the way from the root to where we stand."""
    if root in done:
        return []
    path = {root: None}
    stack = [(root, _neighbours(specs, root))]
    while stack:
        name, rest = stack[-1]
        for following in rest:
            if following in path:
                names = list(path)
                return [*names[names.index(following) :], following]
            if following not in done:
                path[following] = None
                stack.append((following, _neighbours(specs, following)))
                break
        else:
            done.add(name)
            del path[name]
            stack.pop()
    return []
