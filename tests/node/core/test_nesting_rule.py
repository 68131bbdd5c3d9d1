"""R cannot follow U, and which kinds of pm may stand in which (memo, "pm sub")."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from enve_pm.core import nesting

OF = {"R": "rootpm", "U": "userpm"}
# As the memo has them, and the one edge that is ours (userpm, jail_userpm): see the ADR of walls.
GRAMMAR = """
rootpm|chroot_rootpm -> rootpm|jail_rootpm|chroot_rootpm|chroot_userpm|userpm
jail_rootpm -> jail_rootpm|chroot_rootpm|chroot_userpm|userpm
userpm|chroot_userpm|jail_userpm -> userpm
userpm -> jail_userpm
"""
EDGES = {
    (outer, inner)
    for row in GRAMMAR.strip().splitlines()
    for outer, inner in product(*(side.strip().split("|") for side in row.split("->")))
}


def kinds(letters: str) -> list[str]:
    return [OF[letter] for letter in letters]


@pytest.mark.parametrize("chain", ["R", "U", "RU", "RRU", "RRRR", "UUUU", "RRUU", ""])
def test_good(chain: str) -> None:
    nesting.check(kinds(chain))


@pytest.mark.parametrize("chain", ["UR", "RUR", "RURR", "URRR"])
def test_refused_with_the_rule_named(chain: str) -> None:
    with pytest.raises(nesting.NestingError, match=f"R cannot follow U: in {chain}"):
        nesting.check(kinds(chain))


def test_all_chains_up_to_four() -> None:
    for length in range(5):
        for chain in product(nesting.INSIDE, repeat=length):
            good = all(edge in EDGES for edge in pairwise(chain))
            try:
                nesting.check(chain)
            except nesting.NestingError as error:
                assert not good, chain
                assert "R cannot follow U" in str(error) or "it may hold" in str(error)
            else:
                assert good, chain


def test_kinds_and_letters() -> None:
    assert nesting.kind("root") == "rootpm"
    assert nesting.kind("user", "base") == "chroot_userpm"
    assert nesting.kind("root", "base", True) == nesting.kind("root", "", True) == "jail_rootpm"
    assert [nesting.letter(kind) for kind in nesting.INSIDE] == list("RRRUUU")
    with pytest.raises(nesting.NestingError, match="wanted mode root or user, found 'jail'"):
        nesting.kind("jail")
    with pytest.raises(nesting.NestingError, match="found 'X'"):
        nesting.check(["rootpm", "X"])
