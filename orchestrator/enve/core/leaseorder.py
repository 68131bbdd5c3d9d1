"""In which order a lane's lease is taken: one node first, the same one for everybody."""

from __future__ import annotations

from collections.abc import Iterable


def order(nodes: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The node with the lowest id, then the others: of two marches that share their lowest node
    exactly one wins there, before either has anything else. ValueError for no nodes."""
    first, *rest = sorted(nodes)
    return first, tuple(rest)
