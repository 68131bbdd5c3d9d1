"""What campaigns went through, counted: printed at the end of a run, kept in a file when asked.

A test says `proof("model, 3 units", states=8108, turns=66069)` when all of it held. With
ENVE_PROOFS=FILE the counts go there; what other tests left in it stays, so a campaign may be run in
pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

KEY = "proof"
TOLD = """\
What the long campaigns (`make nightly`) went through when they were run last, each with 0
violations: a test with one leaves its counts of before. `met`: how many of the faults came to pass;
the others wait for a call that only the run that was counted has made."""
Counts = dict[str, int]
Held = dict[str, dict[str, Counts]]  # what -> test -> counts


class Proof:
    """Of one test: what it calls has held."""

    def __init__(self, item: pytest.Item) -> None:
        self._kept = item.user_properties

    def __call__(self, what: str, **counts: int) -> None:
        self._kept.append((KEY, [what, counts]))


def held(reports: Iterable[pytest.TestReport]) -> Held:
    """Of the tests that passed."""
    found: Held = {}
    for report in reports:
        for key, value in report.user_properties:
            if key == KEY and report.when == "call":
                what, counts = value  # type: ignore[misc]
                found.setdefault(what, {})[report.nodeid] = counts
    return found


def lines(found: Held) -> list[str]:
    """For a terminal; no test with a violation is among them."""
    return [
        f"{what}: {numbers(tests)} in {len(tests)} tests, 0 violations"
        for what, tests in sorted(found.items())
    ]


def numbers(tests: dict[str, Counts]) -> str:
    """Added up, as text."""
    total: Counter[str] = Counter()
    for counts in tests.values():
        total.update(counts)
    return ", ".join(f"{number:,} {name}" for name, number in total.items())


def keep(found: Held, file: Path) -> None:
    """Beside what is there, as `benchmarks.results.recorded` reads it."""
    kept: Held = json.loads(file.read_text())["tests"] if file.exists() else {}
    for what, tests in found.items():
        kept.setdefault(what, {}).update(tests)
    rows = [["campaign", "tests", "went through"]]
    rows += [[what, str(len(tests)), numbers(tests)] for what, tests in sorted(kept.items())]
    page = {"title": "Proofs", "told": TOLD, "rows": rows, "tests": kept}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(page, indent=1, sort_keys=True) + "\n")
