"""The tree over all nodes of a plan: one signature for the fleet, a short proof for each node.

The shape is RFC 9162's: a tree of n leaves is split at the largest power of two below n. That is
the same as pairing neighbours level by level, where a last one without a neighbour moves up as
it is. Leaves and inner nodes are hashed under different first bytes.
"""

from __future__ import annotations

from enve_pm.core.digest import sha256
from enve_pm.core.part import leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

__all__ = ["Tree", "inner", "leaf", "proof", "root", "verify"]


def inner(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Tree:
    """All levels of the tree over `leaves` (32 bytes each, at least one), leaves first."""

    __slots__ = ("levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise ValueError("a tree needs at least one leaf")
        self.levels = [list(leaves)]
        while len(self.levels[-1]) > 1:
            self.levels.append(_above(self.levels[-1]))

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    def proof(self, index: int) -> list[bytes]:
        """The hashes beside the way from leaf `index` to the root, bottom up."""
        if not 0 <= index < len(self.levels[0]):
            raise IndexError("no leaf %d" % index)
        path = []
        for level in self.levels[:-1]:
            if index ^ 1 < len(level):
                path.append(level[index ^ 1])
            index >>= 1
        return path


def _above(level: list[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2])  # noqa: B905 (Python 3.8 has no strict)
    above = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    if len(level) % 2:
        above.append(level[-1])
    return above


def root(leaves: Sequence[bytes]) -> bytes:
    return Tree(leaves).root


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    return Tree(leaves).proof(index)


def verify(leaf: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Is `leaf` number `index` of `count` under `root`? (RFC 9162, 2.1.3.2)"""
    if not 0 <= index < count:
        return False
    last = count - 1
    value = leaf
    for beside in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            value = inner(beside, value)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            value = inner(value, beside)
        index >>= 1
        last >>= 1
    return last == 0 and value == root
