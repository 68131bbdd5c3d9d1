"""Armed timers between two clocks: the monotonic one, and a wall clock that is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core import states
from enve_pm.core.effects import Spawn
from enve_pm.core.unit import UnitSpec
from enve_pm.resource.timerunits import TimerUnits
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.state.home import Home

HOUR = 3_600_000
DAY = 24 * HOUR
MORNING = 20_000 * DAY + 3 * HOUR  # 03:00 UTC of some day


class Clocks(FakeSystem):
    """In UTC; `set` puts the wall clock forward or back."""

    def __init__(self) -> None:
        super().__init__()
        self.set = MORNING - self.time
        self.east = 0
        self.random = 0

    def wall(self) -> int:
        return self.time + self.set

    def ahead(self, minute: int) -> int:
        return self.east

    def below(self, limit: int) -> int:
        return min(self.random, limit - 1)


class Rig:
    """The timers of one pm. `fired`: when they did, in ms of our clock."""

    def __init__(self, folder: Path, system: Clocks | None = None) -> None:
        self.system = system or Clocks()
        self.loop = Loop(self.system)
        self.home = Home(str(folder), self.system)
        self.home.make()
        self.fired: list[int] = []
        self.notes: dict[str, str] = {}
        self.answers: list[Any] = []
        self.stays = True
        self.units = TimerUnits(self.loop, self.home, self.answers.append)
        self.units.ask = self._ask
        self.units.noted = self.notes.__setitem__
        self.units.lasts = lambda name: self.stays
        self.specs: dict[str, UnitSpec] = {}

    def _ask(self, name: str, body: Mapping[str, Any]) -> str:
        self.fired.append(self.system.time)
        return "under way"

    def arm(self, **keys: Any) -> Rig:
        body = {"unit": "x", "do": "start", **keys}
        spec = UnitSpec.parse({"v": 1, "name": "t", "kind": "timer", "timer": body})
        self.specs["t"] = spec
        self.step(states.MAKE)
        return self

    def step(self, step: str) -> int:
        self.units.spawn(Spawn("t", 1, step), self.specs["t"])
        return int(self.answers[-1].code)

    def after(self, ms: int) -> Rig:
        """Time passes; how often the loop wakes up is counted."""
        end = self.system.time + ms
        self.wakeups = 0
        while True:
            due = self.loop._timers.deadline()
            if due is None or due > end:
                break
            self.system.time = max(due, self.system.time)
            self.loop.turn(self.system.time)
            self.wakeups += 1
        self.system.time = end
        return self

    def next_pm(self, off: int) -> Rig:
        """Another one goes on in this HOME, after `off` ms; the monotonic clock begins anew."""
        system = Clocks()
        system.set = self.system.wall() + off - system.time
        rig = Rig(Path(self.home.path), system)
        rig.specs = self.specs
        return rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    yield Rig(tmp_path)


def test_steps(rig: Rig) -> None:
    rig.arm(at="30 3 * * *")
    assert rig.step(states.CHECK) == 0
    assert rig.step(states.UNDO) == 0
    assert rig.step(states.CHECK) == 1
    assert rig.notes["t"] == ""
    assert rig.after(2 * DAY).wakeups == 0


def test_at_a_time_of_the_day(rig: Rig) -> None:
    rig.arm(at="30 3 * * *")
    assert rig.notes["t"] == "next 03:30"
    rig.after(2 * DAY)
    assert rig.fired == [1000 + HOUR // 2, 1000 + DAY + HOUR // 2]
    assert rig.notes["t"] == "next 03:30, last under way"
    rig.units.told("t", "exit:3")
    assert rig.notes["t"] == "next 03:30, last exit:3"


def test_by_an_interval_without_any_other_wakeup(rig: Rig) -> None:
    rig.arm(every=10_000)
    assert rig.notes["t"] == "next 03:00:10"
    assert rig.after(60_000).wakeups == 6
    assert rig.fired == [1000 + 10_000 * n for n in range(1, 7)]


def test_the_wall_clock_is_looked_at_once_a_minute(rig: Rig) -> None:
    rig.arm(at="@yearly")
    assert rig.after(HOUR).wakeups == 60


def test_jitter_puts_off_and_does_not_add_up(rig: Rig) -> None:
    rig.system.random = 7_000
    rig.arm(every=10_000, jitter=7_000)
    rig.after(40_000)
    assert rig.fired == [1000 + 17_000, 1000 + 27_000, 1000 + 37_000]
    rig.arm(at="1 3 * * *", jitter=7_000)
    assert rig.notes["t"].startswith("next 03:01:07")


def test_a_clock_that_is_put_forward_over_the_time(rig: Rig) -> None:
    rig.arm(at="30 3 * * *").after(1000)
    rig.system.set += 2 * HOUR
    rig.after(2 * 60_000)
    assert rig.fired == []
    assert rig.notes["t"] == "next 03:30"
    rig.after(DAY)
    assert len(rig.fired) == 1


def test_a_clock_that_is_put_forward_and_caught_up_with(rig: Rig) -> None:
    rig.arm(at="30 3 * * *", catch_up=True).after(1000)
    rig.system.set += 2 * HOUR
    rig.after(60_000)
    assert len(rig.fired) == 1


def test_a_clock_that_is_put_back(rig: Rig) -> None:
    rig.arm(at="*/5 * * * *").after(HOUR)
    assert len(rig.fired) == 12
    rig.system.set -= 30_000  # a little: nothing is done twice
    rig.after(10_000)
    assert len(rig.fired) == 12
    rig.system.set -= 10 * HOUR
    rig.after(HOUR)
    assert len(rig.fired) == 23  # it was seen within a minute


def test_a_clock_that_stands_still(rig: Rig) -> None:
    rig.arm(at="30 3 * * *").after(HOUR // 2 - 5)
    for _ in range(1000):
        rig.after(1)
        rig.system.set -= 1
    assert rig.fired == []
    rig.system.set += 1000
    rig.after(50)
    assert len(rig.fired) == 1
    rig.system.set -= 50
    assert rig.after(50).wakeups <= 1


def test_an_interval_is_shown_by_the_clock_as_it_is_set(rig: Rig) -> None:
    rig.arm(every=2 * HOUR)
    rig.system.set += HOUR
    rig.units.look()
    assert rig.notes["t"] == "next 06:00"
    assert rig.after(2 * HOUR).wakeups == 1


def test_a_clock_that_was_never_set_is_no_outage(rig: Rig) -> None:
    """It begins in 1970, as on a board without a battery, and is right a moment later."""
    rig.arm(at="30 3 * * *", catch_up=True).after(2 * HOUR)
    assert len(rig.fired) == 1
    there = rig.next_pm(10_000)
    right, there.system.set = there.system.set, 5
    there.arm(at="30 3 * * *", catch_up=True).after(1000)
    there.system.set = right
    assert there.after(2 * 60_000).fired == []


def test_an_outage_after_a_clock_that_was_wrong_for_a_while(rig: Rig) -> None:
    """It ran a year ahead when the timer fired; what is missed later is missed all the same."""
    rig.arm(at="30 3 * * *", catch_up=True)
    rig.system.set += 365 * DAY
    assert len(rig.after(60_000).fired) == 1
    rig.system.set -= 365 * DAY
    assert len(rig.after(60_000).fired) == 1
    then = rig.next_pm(9 * HOUR).arm(at="30 3 * * *", catch_up=True).after(60_000)
    assert len(then.fired) == 1


def test_a_clock_that_is_dead_for_a_while_is_no_outage(rig: Rig) -> None:
    rig.arm(at="30 3 * * *", catch_up=True).after(HOUR)
    right, rig.system.set = rig.system.set, 5
    rig.after(2 * 60_000)
    rig.system.set = right
    assert len(rig.after(2 * 60_000).fired) == 1


def test_another_time_zone(rig: Rig) -> None:
    rig.arm(at="30 3 * * *")
    rig.system.east = 60
    rig.after(2 * 60_000)
    assert rig.notes["t"] == "next 03:30"
    rig.after(HOUR)
    assert rig.fired == []
    rig.after(23 * HOUR)
    assert rig.fired == [1000 + DAY - HOUR // 2]


CAUGHT = [
    ({"at": "30 3 * * *"}, 9 * HOUR, False, 0),
    ({"at": "30 3 * * *"}, 9 * HOUR, True, 1),
    ({"at": "30 3 * * *"}, 90 * DAY, True, 1),
    ({"at": "30 3 * * *"}, HOUR // 4, True, 0),
    ({"every": HOUR}, 9 * HOUR, False, 0),
    ({"every": HOUR}, 9 * HOUR, True, 1),
]


@pytest.mark.parametrize(("when", "off", "catch_up", "times"), CAUGHT)
def test_after_an_outage(
    rig: Rig, when: dict[str, Any], off: int, catch_up: bool, times: int
) -> None:
    rig.arm(**when, catch_up=catch_up)
    then = rig.next_pm(off).arm(**when, catch_up=catch_up).after(60_000)
    assert len(then.fired) == times


def test_many_nodes_do_not_catch_up_together(rig: Rig) -> None:
    rig.arm(at="30 3 * * *", catch_up=True)
    then = rig.next_pm(9 * HOUR)
    then.system.random = 200_000
    then.arm(at="30 3 * * *", catch_up=True, jitter=300_000)
    assert then.after(199_000).fired == []
    assert len(then.after(2_000).fired) == 1


def test_a_pm_that_comes_back_goes_on_with_the_interval(rig: Rig) -> None:
    rig.arm(every=HOUR).after(HOUR + 60_000)
    then = rig.next_pm(0).arm(every=HOUR)
    assert then.notes["t"] == "next 05:00, last under way"


def test_other_times_are_no_outage(rig: Rig) -> None:
    rig.arm(at="30 3 1 * *", catch_up=True)
    then = rig.next_pm(9 * DAY).arm(at="30 3 * * *", catch_up=True)
    assert then.after(60_000).fired == []


def test_one_that_was_stopped_has_missed_nothing(rig: Rig) -> None:
    rig.arm(at="30 3 * * *", catch_up=True)
    rig.stays = False
    rig.step(states.UNDO)
    assert rig.home.pending.flush()
    then = rig.next_pm(9 * HOUR).arm(at="30 3 * * *", catch_up=True)
    assert then.after(60_000).fired == []


def test_over_a_change_of_program(rig: Rig, tmp_path: Path) -> None:
    rig.system.random = 50
    rig.arm(at="30 3 * * *", jitter=100)
    rig.units.told("t", "ok")
    other = Rig(tmp_path, rig.system)
    other.units.restore(rig.units.dump(), rig.specs.get)
    other.units.restore([["gone", 0, 0, 0, 0, 0, ""]], rig.specs.get)
    other.after(HOUR)
    assert other.fired == [1000 + HOUR // 2 + 50]
