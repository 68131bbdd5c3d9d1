"""Six units and two levels of sub-pms in a world that does anything: see tests/support/pmsim.py."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.pmsim import Sim
from tests.support.proofs import Proof

IN_COMMIT = 20_000
NIGHTLY = 10_000_000
PIECES = 20  # with a seed each, so that a run can be continued where it was ended
WHAT = "model, 6 units and two sub-pm levels at random"
LEVELS = ("steps with both levels alive", "sub-pms ended", "trees of sub-pms ended")
LIFE = 500  # steps, then the world turns kind and all must come to rest


def _run(seed: int, steps: int, proof: Proof) -> None:
    seen = Counter(steps=steps)
    for life in range(steps // LIFE):
        rng = random.Random(seed * 1_000_003 + life)
        sim = Sim(rng.randrange)
        try:
            for _ in range(LIFE):
                sim.step()
            sim.calm()
            sim.check_rest()
        except Exception as error:
            raise AssertionError(f"seed {seed}, life {life}: {error}") from error
        seen.update(sim.seen)
    assert all(seen[what] for what in LEVELS), f"the walk did not come to all levels: {seen}"
    proof(WHAT, **seen)


def test_random_steps(proof: Proof) -> None:
    _run(1, IN_COMMIT, proof)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 100 + PIECES))
def test_many_random_steps(seed: int, proof: Proof) -> None:
    _run(seed, NIGHTLY // PIECES, proof)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 2**16), min_size=20, max_size=400))
def test_any_steps_with_a_twin_that_is_loaded_again(numbers: list[int]) -> None:
    """The twin goes through JSON at any moment, and must then give the same effects."""
    left = iter(numbers)
    sim = Sim(lambda n: next(left) % n, twin=True)
    try:
        while True:
            sim.step()
    except (StopIteration, RuntimeError) as end:
        assert isinstance(end, StopIteration) or isinstance(end.__cause__, StopIteration)
    sim.choose = lambda n: 0
    sim.calm()
    sim.check_rest()
