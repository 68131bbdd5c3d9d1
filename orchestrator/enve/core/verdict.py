"""One exit code for many results: the one precedence that every command obeys."""

from __future__ import annotations

from collections.abc import Iterable

from enve import errors
from enve.model.report import Outcome, Problem, Result

OUTCOME_CODE: dict[Outcome, int] = {
    "changed": errors.OK,
    "unchanged": errors.OK,
    "pending": errors.PENDING,
    "skipped": errors.OK,
    "failed": errors.FAILED,
    "unreachable": errors.UNREACHABLE,
    "refused": errors.REFUSED,
    "leased": errors.LEASED,
    "rolled-back": errors.ROLLED_BACK,
    "deadline": errors.DEADLINE,
    "unexpected": errors.UNEXPECTED,
}

# Strongest first. Signals (130, 143) and what ends a command before it has results (1, 64, 65, 69)
# beat every result: they are not in the list, and the first one met wins.
PRECEDENCE = (
    errors.ROLLED_BACK,
    errors.REFUSED,
    errors.FAILED,
    errors.DEADLINE,
    errors.UNREACHABLE,
    errors.LEASED,
    errors.PENDING,
    errors.OK,
)


def worst(codes: Iterable[int]) -> int:
    """The exit code that stands for all of `codes`; 0 for none."""
    return min(codes, key=_rank, default=errors.OK)


def code(result: Result) -> int:
    """The exit code of one result."""
    return result.problem.code if result.problem else OUTCOME_CODE[result.outcome]


def _rank(number: int) -> int:
    if number > 128:
        return -2
    return PRECEDENCE.index(number) if number in PRECEDENCE else -1


def problem(error: errors.EnveError) -> Problem:
    """The error as data, for an event."""
    return Problem(
        message=error.message,
        code=error.exit_code,
        kind=error.kind if isinstance(error, errors.Unreachable) else "",
        where=str(error.where or ""),
        notes=error.notes,
        hint=error.hint,
    )


def outcome(error: errors.EnveError) -> Outcome:
    """How a node came out that this error ended."""
    return _CODE_OUTCOME.get(error.exit_code, "failed")


def result(node: str, error: errors.EnveError, seconds: float = 0.0) -> Result:
    """The last word on a node that this error ended."""
    return Result(node, outcome(error), error.message, seconds, problem(error))


_CODE_OUTCOME: dict[int, Outcome] = {
    errors.UNEXPECTED: "unexpected",
    errors.UNREACHABLE: "unreachable",
    errors.REFUSED: "refused",
    errors.LEASED: "leased",
    errors.ROLLED_BACK: "rolled-back",
    errors.DEADLINE: "deadline",
}
