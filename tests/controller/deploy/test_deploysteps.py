"""What differs on a node, and what follows from it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.controller.deploy.probes import HASH, alive, answer, deployed

from enve.core import blueprintdiff, deploysteps, probeanswer
from enve.core.deploysteps import Steps, Wanted
from enve.core.nodeblueprint import sha256
from enve.model.site import Connection, Node

NODE = Node("web1", Connection())
RING = b"ring"


def blueprint(**spots: Any) -> bytes:
    return json.dumps({"v": 1, "node": "web1", "keyholes": [], **spots}).encode()


NEW = blueprint(spots={"web": {}, "db": {}}, pms={"pm1": {"spots": {"in": {}}}})
WANTED = Wanted(NODE, HASH, NEW, {"A" * 40: RING})
SAME = {
    "deployed": deployed(blueprint=sha256(NEW), keys={"A" * 40: sha256(RING)}),
    "python": "same /usr/bin/python3",
    "present": "yes",
    "current": HASH,
    **alive(),
}


def steps(wanted: Wanted = WANTED, /, **changes: str) -> Steps:
    return deploysteps.decide(wanted, probeanswer.parse(answer(**{**SAME, **changes})))


def shown(found: Steps) -> list[str]:
    return [f"{c.symbol} {c.name} {c.action}".strip() for c in found.changes]


def test_nothing_to_do() -> None:
    assert steps() == Steps()


def test_a_living_sub_pm_with_an_older_program_is_asked_again() -> None:
    def sub_pm(program: str, **more: Any) -> dict[str, Any]:
        return {"v": 1, "alive": True, "status": {"hash": program}, "sub": {}, **more}

    dead, old = sub_pm("old", alive=False), sub_pm("old")
    for shows, told in (
        (sub_pm(HASH, sub={"in": old}), ["~ pm pm1.in reexec"]),
        (sub_pm("old"), ["~ pm pm1 reexec"]),
        (sub_pm(HASH, sub={"in": dead}), []),
        ({**dead, "sub": {"in": old}}, []),
    ):
        assert shown(steps(**{"sub pm1.json": json.dumps(shows)})) == told
    lost = steps(**{"pipes": "/h/run/default.pipe"})
    assert shown(lost) == ["~ /h/run/default.pipe load"]


def test_a_new_node_gets_all_of_it() -> None:
    found = deploysteps.decide(WANTED, probeanswer.parse(answer()))
    assert shown(found) == ["+ program", "+ blueprint load", f"+ key {'A' * 40}", "> pm start"]
    assert found.fresh
    assert found.push_program
    assert not found.replaces


def test_an_install_without_a_start() -> None:
    found = deploysteps.decide(replace(WANTED, start=False), probeanswer.parse(answer()))
    assert "> pm start" not in shown(found)


@pytest.mark.parametrize(
    ("changes", "told", "replaces"),
    [
        ({"status": "", "pm": ""}, ["> pm start"], False),
        (alive(program="f" * 16), ["~ program reexec"], True),
        ({"python": "good 3.13.0 /usr/bin/python3"}, ["~ program reexec"], False),
        ({"changed": "/h/pm: FAILED"}, ["~ /h/pm"], False),
        ({"changed": "/h/pm: FAILED open or read"}, ["~ /h/pm"], False),
    ],
)
def test_what_drifted_is_put_right(
    changes: dict[str, str], told: list[str], replaces: bool
) -> None:
    found = steps(**changes)
    assert shown(found) == told
    assert found.replaces is replaces


def test_a_newer_program_replaces_the_running_one() -> None:
    found = steps(replace(WANTED, program="9" * 16), present="")
    assert shown(found) == ["~ program reexec"]
    assert found.replaces
    assert found.push_program


def test_settings_that_changed() -> None:
    other = replace(WANTED, node=replace(NODE, register="none", install="system"))
    assert shown(steps(other)) == ["~ register", "~ install"]


def test_a_node_that_was_left_far_behind_gets_a_floor() -> None:
    wanted = replace(WANTED, floors={"main": 70_000, "side": 70_000})
    for known in ({}, {"state": '{"lanes":{"main":{"serial":40000}}}'}):
        assert shown(steps(wanted, **known)) == []
    behind = {"state": '{"lanes":{"main":{"serial":9},"side":[1]}}'}
    assert shown(steps(wanted, **behind)) == ["~ floor of lane main"]
    assert shown(steps(wanted, **behind, floors='{"floors":{"main":60000,"x":"y"}}')) == []
    for lie in ('{"lanes":[]}', "[]", '{"lanes":{"main":{"serial":"9"}}}'):
        assert shown(steps(wanted, state=lie, floors=lie)) == []


def test_keys_come_go_and_change() -> None:
    found = steps(replace(WANTED, keys={"B" * 40: RING}))
    assert shown(found) == [f"+ key {'B' * 40}", f"- key {'A' * 40}"]
    assert shown(steps(replace(WANTED, keys={"A" * 40: b"new"}))) == [f"~ key {'A' * 40}"]


def test_a_lost_record_means_all_is_laid_down_again_but_not_pushed() -> None:
    found = steps(deployed="")
    assert shown(found)[0] == "+ program"
    assert not found.push_program
    assert not found.replaces  # the pm that runs is the wanted one


OLD = blueprint(
    spots={"web": {}, "old": {}, "idle": {}, "stage": {}},
    pms={"pm1": {"spots": {"in": {}, "gone": {}}}, "my pm": {"spots": {"gone": {}}}},
)
UNITS = json.dumps(
    {
        "units": {
            "web": {"state": "RUNNING"},
            "old": {"state": "FAIL"},
            "idle": {"state": "STOPPED"},
            "[lua-5.4!setup@stage]": {"state": "RUNNING"},
            "pm1": {"state": "RUNNING"},
        }
    }
)
SUB = json.dumps({"status": {"units": {"gone": {"state": "STARTING"}}}, "sub": {}})


def test_spots_with_live_units_are_not_dropped_unseen() -> None:
    found = steps(
        **{
            "deployed": deployed(blueprint="0" * 64, keys={"A" * 40: sha256(RING)}),
            "blueprint": OLD.decode(),
            "units": UNITS,
            "sub pm1.json": SUB,
            "sub my%20pm.json": SUB,  # its file's name, not its own
        }
    )
    assert found.dropped == ("[my pm].gone", "old", "pm1.gone", "stage")
    assert shown(found) == ["~ blueprint load"]
    assert found.changes[0].detail == "+1 -5 spots"


def test_a_difference_of_blueprints_in_words_and_lines() -> None:
    words, lines = blueprintdiff.describe(OLD, NEW)
    assert words == "+1 -5 spots"
    assert '+  "db": {},' in lines.replace('+  "db": {}', '+  "db": {}')
    assert '"node"' not in lines
    assert blueprintdiff.describe(NEW, NEW) == ("", "")


def test_a_blueprint_that_a_node_made_up_keeps_nobody_waiting() -> None:
    """Line by line such a comparison takes hours, and all other nodes with it."""
    ours = json.dumps({"spots": {f"s{number}": {"user": "u"} for number in range(1000)}}).encode()
    theirs = json.dumps({"x": [{"user": "u"}] * 100_000, "spots": {"gone": {}}}).encode()
    began = time.monotonic()
    words, lines = blueprintdiff.describe(theirs, ours)
    assert time.monotonic() - began < 20
    assert (words, lines) == ("+1000 -1 spots, too large to be compared line by line", "")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["spots", "pms", "units", "status", "sub", "state", "keyholes", "fpr", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(ANY_JSON, ANY_JSON, ANY_JSON)
def test_whatever_a_node_shows_is_compared_without_an_error(old: Any, units: Any, sub: Any) -> None:
    steps(
        **{
            "deployed": deployed(),
            "blueprint": json.dumps(old),
            "units": json.dumps(units),
            "sub x.json": json.dumps(sub),
        }
    )


def test_dropped_spots_beyond_the_first_are_counted() -> None:
    from enve.app.deploy import _drops

    names = tuple(f"s{number}" for number in range(11))
    assert str(_drops(names[:2])).endswith("lives: s0 s1")
    assert str(_drops(names)).endswith("s6 s7, and 3 more")
