"""What campaigns counted, on the terminal and on the page of results."""

from __future__ import annotations

from pathlib import Path

from benchmarks import results
from tests.support import proofs

HELD = {"model": {"a": {"states": 1000, "turns": 5}, "b": {"states": 234}}}


def test_counts_of_all_tests_are_added() -> None:
    assert proofs.lines(HELD) == ["model: 1,234 states, 5 turns in 2 tests, 0 violations"]


def test_a_piece_leaves_the_others(tmp_path: Path) -> None:
    proofs.keep(HELD, tmp_path / "proofs.json")
    proofs.keep({"model": {"b": {"states": 1}}}, tmp_path / "proofs.json")
    (section,) = results.recorded(tmp_path)
    assert section.startswith("## Proofs\n")
    assert "| model | 2 | 1,001 states, 5 turns |" in section
