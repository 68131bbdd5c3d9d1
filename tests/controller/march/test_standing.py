"""What a march says of nodes that it has nothing to send to."""

from __future__ import annotations

import json
from typing import Any

from enve.core import standing

UNIT = {
    "kind": "process",
    "state": "RUNNING",
    "want": "up",
    "why": "plan",
    "result": "ok",
    "since": 0,
    "restarts": 0,
    "pid": 1,
    "stale": "",
    "drift": False,
    "detail": "",
}


Units = dict[str, dict[str, Any]]


def shown(units: Units, below: Units | None = None) -> bytes:
    def status(found: Units) -> dict[str, Any]:
        named = {name: {**UNIT, **unit} for name, unit in found.items()}
        head = {"v": 1, "pid": 1, "start": 1, "boot": "b", "version": "1", "hash": "h", "wall": 1}
        return {**head, "units": named}

    rows = ["== now", "1", "== boot", "b", "== pm", "-", "== status", json.dumps(status(units))]
    if below is not None:
        sub = {"v": 1, "read": 1, "alive": True, "status": status(below), "sub": {}}
        rows += ["== sub ten", json.dumps(sub)]
    return ("\n".join([*rows, "== end", ""])).encode()


def test_what_is_wanted_and_down_is_a_failure() -> None:
    raw = shown(
        {"a": {}, "b": {"state": "STARTING_FAIL", "result": "exit:3"}, "c": {"state": "STARTING"}},
        {"d": {"state": "STOPPED", "result": "dependency:x"}},
    )
    result = standing.result("n1", raw, ["a", "b", "c", "ten.d", "gone"], 0.1)
    assert (result.outcome, result.verdict) == ("failed", "unsent")
    assert result.problem is not None and result.problem.code == 3
    notes = ("b  STARTING_FAIL exit:3", "ten.d  STOPPED dependency:x")
    assert result.problem.notes == notes


def test_who_runs_by_an_old_config_is_one() -> None:
    raw = shown({"a": {"detail": "reload: exit:7", "stale": "reload"}, "b": {"detail": "drift"}})
    result = standing.result("n1", raw, ["a", "b"], 0.1)
    assert result.problem is not None
    assert result.problem.notes == ("a  RUNNING reload: exit:7",)


def test_what_is_wanted_down_or_has_ended_well_is_none() -> None:
    raw = shown(
        {
            "a": {"state": "STOPPED", "want": "down"},
            "b": {"state": "STOPPED", "result": "ok"},
            "c": {"state": "FAIL", "want": "down"},
        }
    )
    assert standing.result("n1", raw, ["a", "b", "c"], 0.1).outcome == "unchanged"
    assert standing.result("n1", b"garbage", ["a"], 0.1).outcome == "unchanged"


def test_states_of_an_earlier_moment_are_told_as_such() -> None:
    raw = shown({"a": {}}).replace(b"== status", b"== disk\noutdated\n== status")
    result = standing.result("n1", raw, ["a"], 0.1)
    assert (result.outcome, result.verdict) == ("failed", "unsent")
    assert result.detail.startswith("its disk takes nothing more")
