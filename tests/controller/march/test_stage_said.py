"""What is shown of a stage that failed, where its next try has begun meanwhile."""

from __future__ import annotations

from enve.app.stagewatch import ended

FAILED = ["making x (build)", "  | cc: no", "error: build of x: status 1", "  all: /x/log"]


def test_the_last_try_that_ended_is_shown() -> None:
    assert ended(FAILED) == FAILED
    assert ended([*FAILED, "making x (build)", "  | + make"]) == FAILED
    assert ended([*FAILED, *FAILED, "making x (build)"]) == [*FAILED, *FAILED]
    assert ended(["killed", "  | + make"]) == ["killed", "  | + make"]
