"""What a march says of nodes that it has nothing to send to."""

from __future__ import annotations

import json
import shlex
from typing import Any

from enve.core import grouping, standing
from enve.model.report import Result

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


BUILD = "[app-1+x!build@app]"


def _of(node: str, units: Units) -> Result:
    return standing.result(node, shown(units), ["app", BUILD], 0.1)


def hint(result: Result) -> str:
    assert result.problem is not None
    return result.problem.hint


def test_what_tries_again_is_the_stage_and_not_the_version_that_serves() -> None:
    waits = {"waits_for": BUILD[1:-1]}
    units: Units = {"app": waits, BUILD[1:-1]: {"state": "STARTING_FAIL", "result": "exit:82"}}
    one, two = _of("web1", units), _of("web2", units)
    assert hint(one).endswith(f"`enve restart 'web1.{BUILD}'` tries again")
    same = grouping.problems([one, two])
    assert [each.who for each in same] == [("web1", "web2")]
    assert f"'*.{BUILD}'" in same[0].problem.hint
    assert f"'web1.{BUILD}'" in grouping.problems([one])[0].problem.hint


def test_a_failed_reload_is_tried_again_by_a_reload() -> None:
    result = _of("web1", {"app": {"detail": "reload: exit:1", "stale": "reload"}})
    assert hint(result).endswith("`enve reload 'web1.app'` tries again")


def test_what_is_to_be_pasted_is_quoted() -> None:
    name = "[a'; reboot; '-1!build@app]"
    units: Units = {name[1:-1]: {"state": "STARTING_FAIL", "result": "exit:82"}}
    told = standing.result("n", shown(units), [name], 0.1)
    command = hint(told).split("`")[-2]
    assert shlex.split(command) == ["enve", "restart", f"n.{name}"]
