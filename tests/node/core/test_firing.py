"""Whether a timer fires now, what it shows, and what it asks the machine for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pmscript import Script

from enve_pm.core import firing
from enve_pm.core.effects import Call, Recheck, Reload, Restart

HOUR = 3_600_000
DUE = 100 * HOUR

LOOKS = [
    (-1, False, firing.WAIT),
    (-1, True, firing.WAIT),
    (0, False, firing.FIRE),
    (90_000, False, firing.FIRE),
    (90_001, False, firing.MISSED),
    (90_001, True, firing.FIRE),
]


@pytest.mark.parametrize(("late", "catch_up", "what"), LOOKS)
def test_is_it_time(late: int, catch_up: bool, what: str) -> None:
    assert firing.look(DUE, DUE + late, catch_up) == what


def test_a_clock_that_is_put_back_begins_anew() -> None:
    assert firing.base(DUE, DUE + 1) == DUE
    assert firing.base(DUE, DUE - 60_000) == DUE  # a little: nothing fires twice
    assert firing.base(DUE, DUE - 60_001) == DUE - 60_001


RESTS = [
    (0, False, HOUR),  # it was armed just now
    (HOUR // 4, False, HOUR * 3 // 4),
    (HOUR, False, HOUR),
    (HOUR, True, 0),
    (9 * HOUR, False, HOUR),
    (9 * HOUR, True, 0),
    (-5, True, HOUR),  # the wall clock was wrong then, or is now
]


@pytest.mark.parametrize(("passed", "catch_up", "rest"), RESTS)
def test_what_is_left_of_an_interval(passed: int, catch_up: bool, rest: int) -> None:
    assert firing.rest(HOUR, DUE, DUE + passed, catch_up) == rest


SHOWN = [
    ("04:00", DUE, DUE - HOUR, 0),
    ("05:30", DUE, DUE - HOUR, 90),
    ("04:00:07", DUE + 7_900, DUE, 0),
    ("04:00", DUE, DUE - 24 * HOUR, 0),
    ("1970-01-05 04:00", DUE, DUE - 24 * HOUR - 1, 0),
]


@pytest.mark.parametrize(("text", "due", "wall", "ahead"), SHOWN)
def test_shown(text: str, due: int, wall: int, ahead: int) -> None:
    assert firing.shown(due, wall, ahead) == text


UNITS = """
unit job restart=never ready={"how":"wait","ms":0}
unit web reload={"signal":"HUP"}
unit rest restart=never
do plan-start web; plan-stop job
up web
"""
ASKED: list[tuple[str, str, str, Any]] = [
    ("", "job", "start", Call("job", "timer t")),
    ("do call job", "job", "start", "left alone: it still runs"),
    ("do call job\nspawned job", "job", "start", "left alone: it still runs"),
    ("do call job\nspawned job\nexit job 1", "job", "start", Call("job", "timer t")),
    ("", "web", "start", "left alone: it still runs"),
    ("do stop web\nexit web 0", "web", "start", "left alone: it is stopped by hand"),
    ("do stop job", "job", "start", Call("job", "timer t")),  # as the plan has it
    ("", "web", "restart", Restart("web", "timer t")),
    ("", "job", "restart", "left alone: it is not wanted up"),
    ("", "web", "reload", Reload("web")),
    ("", "web", "recheck", Recheck("web")),  # the machine refuses that
    ("", "nobody", "start", "there is no nobody"),
    ("do remove web", "web", "start", "there is no web"),
]


@pytest.mark.parametrize(("story", "unit", "do", "wanted"), ASKED)
def test_what_it_asks_for(story: str, unit: str, do: str, wanted: Any) -> None:
    script = Script()
    script.run(UNITS + story)
    asked = firing.ask(script.machine, "t", {"unit": unit, "do": do})
    assert (asked.refusal or asked.events[0]) == wanted
    assert bool(asked.events) != bool(asked.refusal)


OUTCOMES = [
    ("do call job", ""),
    ("do call job\nspawned job", ""),
    ("do call job\nspawned job\nexit job 0", "ok"),
    ("do call job\nspawned job\nexit job 9", "exit:9"),
    ("do call job\nunborn job exec:ENOENT", "exec:ENOENT"),
    ("do call job\nspawned job\ndo stop job\nexit job -15", "ok"),
]


@pytest.mark.parametrize(("story", "wanted"), OUTCOMES)
def test_what_came_of_it(story: str, wanted: str) -> None:
    script = Script()
    script.run(UNITS + story)
    assert firing.outcome(script.machine.units["job"]) == wanted


def test_what_came_of_one_that_is_gone() -> None:
    assert firing.outcome(None) == "gone"
