"""Walks through a node's layout, and the layout as pm's own code knows it."""

from __future__ import annotations

from collections.abc import Iterator

from enve.model.blueprint import Ceiling, PmTree
from enve_pm.core import blueprint as node_side


def spots(tree: PmTree, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Ceiling]]:
    """Every spot below a pm with the names that lead to it, in the blueprint's order."""
    for name, ceiling in tree.spots.items():
        yield (*above, name), ceiling
    for name, pm in tree.pms.items():
        yield from spots(pm, (*above, name))


def pms(tree: PmTree, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], PmTree]]:
    """Every pm nested below a pm, with the names that lead to it."""
    for name, pm in tree.pms.items():
        yield (*above, name), pm
        yield from pms(pm, (*above, name))


def as_pm(tree: PmTree) -> node_side.Pm:
    """The same tree for `enve_pm.core.ceiling`: both programs judge ceilings with one code."""
    return node_side.Pm(
        tree.mode,
        tree.user,
        {name: _as_ceiling(ceiling) for name, ceiling in tree.spots.items()},
        {name: as_pm(pm) for name, pm in tree.pms.items()},
        dict(tree.walls),
        tree.needs,
    )


def _as_ceiling(ceiling: Ceiling) -> node_side.Ceiling:
    return node_side.Ceiling(
        ceiling.user,
        ceiling.groups,
        ceiling.writes,
        ceiling.reads,
        ceiling.ports,
        dict(ceiling.rlimits),
        ceiling.kinds,
        ceiling.excl,
        ceiling.log,
        ceiling.stop_timeout,
        ceiling.capabilities,
        ceiling.root,
        ceiling.networks,
        ceiling.bridges,
        dict(ceiling.limits),
        ceiling.joins,
        ceiling.no_new_privs,
        ceiling.read_only,
        ceiling.stores,
    )
