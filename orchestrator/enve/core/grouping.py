"""Equal things said once: results with the same problem, nodes in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from enve.core import again
from enve.model.report import Outcome, Problem, Result


@dataclass(frozen=True, slots=True)
class Same:
    """One problem and all whom it met (addresses, or nodes), in their order."""

    outcome: Outcome
    problem: Problem
    who: tuple[str, ...]


def problems(results: Iterable[Result]) -> list[Same]:
    """The problems of these results, equal ones once, the most frequent first."""
    met: dict[tuple[Outcome, Problem], list[Result]] = {}
    for result in results:
        if result.problem is not None:
            bare = _without_place(result.node, result.problem)
            alike = replace(bare, hint=again.anywhere(result.node, bare.hint))
            met.setdefault((result.outcome, alike), []).append(result)
    found = [_same(outcome, alike, who) for (outcome, alike), who in met.items()]
    return sorted(found, key=lambda same: -len(same.who))


def _same(outcome: Outcome, alike: Problem, met: Sequence[Result]) -> Same:
    """Where only one node has it, its hint names that."""
    hint, one = alike.hint, met[0].problem
    if len({result.node for result in met}) == 1 and one is not None:
        hint = one.hint
    names = tuple(result.address or result.node for result in met)
    return Same(outcome, replace(alike, hint=hint), names)


def _without_place(node: str, problem: Problem) -> Problem:
    return replace(problem, message=without_place(node, problem.message))


def few(names: Sequence[str], most: int = 5) -> str:
    """`web01 web02 web03 and 34 more`."""
    shown = " ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def many(count: int, what: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def without_place(node: str, message: str) -> str:
    """A message without the node that it begins with: `web1 (10.0.0.1:22): no route to it`."""
    if not message.startswith(node):
        return message
    bare = re.sub(r"^( \([^)]{0,300}\))?: ", "", message[len(node) :], count=1)
    return message if bare == message[len(node) :] else bare
