"""Equal things said once: results with the same problem, nodes in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from enve.model.report import Outcome, Problem, Result


@dataclass(frozen=True, slots=True)
class Same:
    """One problem and all whom it met (addresses, or nodes), in their order."""

    outcome: Outcome
    problem: Problem
    who: tuple[str, ...]


def problems(results: Iterable[Result]) -> list[Same]:
    """The problems of these results, equal ones once, the most frequent first."""
    met: dict[tuple[Outcome, Problem], list[str]] = {}
    for result in results:
        if result.problem is not None:
            names = met.setdefault((result.outcome, result.problem), [])
            names.append(result.address or result.node)
    found = [Same(outcome, problem, tuple(who)) for (outcome, problem), who in met.items()]
    return sorted(found, key=lambda same: -len(same.who))


def few(names: Sequence[str], most: int = 5) -> str:
    """`web01 web02 web03 and 34 more`."""
    shown = " ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
