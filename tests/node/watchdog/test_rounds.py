"""Round after round pm or its watchdog is killed, and pm comes back: nobody is left of the dead,
nobody is there twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.proofs import Proof
from tests.support.warren import EACH, UNITS, Warren

pytestmark = pytest.mark.real
IN_COMMIT, NIGHTLY = 100, 1000
PIECES = 10  # each with a seed and a home of its own


def _run(root: Path, count: int, seed: int, proof: Proof) -> None:
    warren = Warren(root, seed)
    with warren.box:
        warren.fill()
        for number in range(1, count + 1):
            warren.kill()
            if number % 10 == 0:  # in between the next death comes while they still fork
                warren.whole()
    proof("kills of pm or its watchdog", rounds=count, children=count * UNITS * EACH)


def test_rounds(tmp_path: Path, proof: Proof) -> None:
    _run(tmp_path, IN_COMMIT, 1, proof)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 2 + PIECES))
def test_a_thousand_rounds(seed: int, tmp_path: Path, proof: Proof) -> None:
    _run(tmp_path, NIGHTLY // PIECES, seed, proof)
