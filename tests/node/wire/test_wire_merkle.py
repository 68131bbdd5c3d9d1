"""The tree over a plan's nodes, against RFC 9162's own recursive words."""

from __future__ import annotations

import os
import time
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.part import Part, header
from enve_pm.wire import merkle
from enve_pm.wire.canonical import dumps
from enve_pm.wire.pae import pae

LEAVES = [sha256(b"%d" % number).digest() for number in range(300)]


def root_by_the_book(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = root_by_the_book(leaves[:split]), root_by_the_book(leaves[split:])
    return sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("count", [*range(1, 40), 63, 64, 65, 255, 256, 257])
def test_shape_and_every_proof(count: int) -> None:
    leaves = LEAVES[:count]
    tree = merkle.Tree(leaves)
    assert tree.root == merkle.root(leaves) == root_by_the_book(leaves)
    for index, leaf in enumerate(leaves):
        path = tree.proof(index)
        assert path == merkle.proof(leaves, index)
        assert merkle.verify(leaf, index, count, path, tree.root)


@given(
    st.integers(1, 300).flatmap(
        lambda count: st.tuples(st.just(count), st.integers(0, count - 1), st.integers(0, 2**16))
    )
)
def test_nothing_but_the_right_place_proves(case: tuple[int, int, int]) -> None:
    count, index, noise = case
    leaves = LEAVES[:count]
    tree = merkle.Tree(leaves)
    path, leaf = tree.proof(index), leaves[index]
    assert not merkle.verify(sha256(leaf).digest(), index, count, path, tree.root)
    assert not merkle.verify(leaf, index, count, path, sha256(tree.root).digest())
    assert not merkle.verify(leaf, index, count, [*path, leaf], tree.root)
    if path:
        at = noise % len(path)
        assert not merkle.verify(leaf, index, count, path[:at] + path[at + 1 :], tree.root)
        other = [sha256(step).digest() if at == i else step for i, step in enumerate(path)]
        assert not merkle.verify(leaf, index, count, other, tree.root)
    for wrong in {noise % count, index ^ 1, count - 1, -1, count, count + noise} - {index}:
        assert not merkle.verify(leaf, wrong, count, path, tree.root)


def test_an_inner_node_is_no_leaf() -> None:
    left, right = LEAVES[:2]
    inner = merkle.inner(left, right)
    tree = merkle.Tree(LEAVES[:4])
    assert not merkle.verify(inner, 0, 4, tree.proof(0)[1:], tree.root)
    # As a tree of two it would hold, so the count is part of what is signed.
    assert merkle.verify(inner, 0, 2, tree.proof(0)[1:], tree.root)


def test_leaf_is_what_the_contract_says() -> None:
    part = Part(header("web1", "main", "00" * 16), {"web": '{"name":"web","v":1}'})
    hashes = {"web": sha256(b'{"name":"web","v":1}').hexdigest()}
    body = dumps({"header": part.header, "lines": hashes})
    assert part.leaf() == merkle.leaf(part.header, hashes)
    assert part.leaf() == sha256(b"\0" + pae("part", body)).digest()
    assert pae("part", b"abc") == b"enve1 part 3\nabc"


def test_no_tree_without_leaves_and_no_proof_outside() -> None:
    with pytest.raises(ValueError, match="leaf"):
        merkle.Tree([])
    with pytest.raises(IndexError):
        merkle.proof(LEAVES[:3], 3)


def test_ten_thousand_nodes() -> None:
    leaves = [os.urandom(32) for _ in range(10_000)]
    began = time.process_time()
    tree = merkle.Tree(leaves)
    paths = [tree.proof(index) for index in range(10_000)]
    took = time.process_time() - began
    assert max(map(len, paths)) == 14  # 14 hashes of 64 digits and the signs around them
    assert took < 1, f"{took:.3f} s of CPU; the aim is 0.1 on a quiet machine"
