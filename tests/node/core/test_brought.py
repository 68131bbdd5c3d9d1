"""What came of a stream that a loader brought, in words, and how long it rests then."""

from __future__ import annotations

import pytest

from enve_pm.core.brought import outcome, rest, said
from enve_pm.core.policy import ACCEPTED, DUPLICATE, NEED_FULL, REJECTED
from enve_pm.shell.plan.attempt import Answer

MINUTE = 60_000


@pytest.mark.parametrize(
    ("answer", "good", "words"),
    [
        (Answer(ACCEPTED, "", "", "main", 7), True, "took main #7"),
        (Answer(DUPLICATE, "", "", "main", 7), True, "nothing new: main #7 is held"),
        (Answer(REJECTED, "replay", "old", "main", 6), True, "nothing new: old"),
        (Answer(REJECTED, "replay", "a leap", "main", 99_999), False, "refused (replay): a leap"),
        (Answer(REJECTED, "scope", "no", "main", 6), False, "refused (scope): no"),
        (Answer(NEED_FULL, "", "send all", "main", 8), False, "need-full: send all"),
    ],
)
def test_outcome(answer: Answer, good: bool, words: str) -> None:
    assert outcome(answer, 7) == (good, words)


@pytest.mark.parametrize(
    ("every", "failures", "chance", "ms"),
    [
        (MINUTE, 0, 500, MINUTE),
        (MINUTE, 1, 0, 2_500),
        (MINUTE, 1, 999, 4_997),
        (MINUTE, 3, 0, 10_000),
        (MINUTE, 50, 0, 450_000),
        (MINUTE, 50, 999, 899_550),
        (60 * MINUTE, 50, 0, 30 * MINUTE),
    ],
)
def test_rest(every: int, failures: int, chance: int, ms: int) -> None:
    assert rest(every, failures, chance) == ms


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"good all is well\n", (True, "all is well")),
        (b"bad \x1b[31mred\xff\n", (False, "[31mred\ufffd")),
        (b"", None),
        (b"goodness", None),
        (b"bad " + b"x" * 5000, (False, "x" * 300)),
    ],
)
def test_said(data: bytes, found: tuple[bool, str] | None) -> None:
    assert said(data) == found
