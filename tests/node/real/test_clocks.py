"""A wall clock that is set while pm runs. What counts time goes by the monotonic one; only what is
meant for people, and the times of a calendar, follow the wall."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import wallclock
from tests.support.box import Box, installed, line
from tests.support.proofs import Proof
from tests.support.wait import until
from tests.support.wallclock import YEAR, WallClock

pytestmark = [pytest.mark.real, pytest.mark.wallclock]

HOUR, DAY = 3600, 86_400
STILL = 0.4  # seconds without any work of pm
RUN = "printf x >>{}"


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[WallClock]:
    clock = WallClock(tmp_path)
    yield clock
    clock.clear()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wallclock.patient(installed(), tmp_path_factory.mktemp("program"))


@pytest.fixture
def box(tmp_path: Path, clock: WallClock, program: Path) -> Iterator[Box]:
    with Box(tmp_path, extra=clock.environment, program=program) as box:
        yield box


@pytest.fixture
def lively(tmp_path: Path, clock: WallClock, program: Path) -> Iterator[Box]:
    """At each heartbeat pm looks whether the clock was set."""
    beat = ("--heartbeat", "0.1", "--patience", "10")
    extra, log = clock.environment, tmp_path / "pm.log"
    with Box(tmp_path, *beat, extra=extra, program=program, log=log) as box:
        yield box


Jumps = Callable[[], Iterator[str]]


@pytest.fixture(params=["some", pytest.param("all", marks=pytest.mark.nightly)])
def jumps(request: pytest.FixtureRequest, clock: WallClock) -> Jumps:
    """Set the clock in these ways; each has happened when its name is given."""

    def some() -> Iterator[str]:
        clock.put(YEAR)
        yield "a year on"
        clock.set(HOUR)
        yield "1970"
        clock.stop()
        yield "it stands still"

    def all_() -> Iterator[str]:
        yield from some()
        for ahead in (-YEAR, -HOUR, 0, HOUR, -30, 30, 10 * YEAR, 0):
            clock.put(ahead)
            yield f"{ahead} s"

    return some if request.param == "some" else all_


def counted(name: str, then: str = "exec sleep 1000", **keys: Any) -> dict[str, Any]:
    """It leaves a mark for each time that it is run."""
    return line(name, command=["sh", "-c", f"printf x >>runs; {then}"], **keys)


def runs(box: Box, name: str) -> int:
    file = box.home / f"spots/{name}/runs"
    return len(file.read_text()) if file.exists() else 0


def timer(name: str, unit: str, do: str = "start", **when: Any) -> dict[str, Any]:
    return line(name, kind="timer", timer={"unit": unit, "do": do, **when})


def task(name: str) -> dict[str, Any]:
    return counted(name, "true", restart="never", want="down")


def at(moment: float) -> str:
    """This minute of every day, as cron writes it."""
    there = time.localtime(moment)
    return f"{there.tm_min} {there.tm_hour} * * *"


def work(box: Box) -> tuple[int, ...]:
    """What pm has done: CPU ticks, and how often it went to sleep."""
    pid = box.pids()[1]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    return (
        int(fields[11]),
        int(fields[12]),
        int(status.split("voluntary_ctxt_switches:")[1].split()[0]),
    )


def inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def falls_asleep(box: Box, name: str) -> None:
    last = [work(box)]

    def still() -> bool:
        before, last[0] = last[0], work(box)
        return before == last[0]

    until(still, f"pm to sleep ({name})", every=STILL)


def test_pm_sleeps_and_keeps_everything(box: Box, jumps: Jumps) -> None:
    job = line("once", kind="job", command=["sh", "-c", RUN.format("runs")], restart="never")
    words = ["sh", "-c", "while :; do printf '%0500d\\n' 1; sleep 0.02; done"]
    chatter = line("chatter", command=words, log_size=4096)
    box.load(
        *(counted("web"), chatter, job, task("daily"), task("missed")),
        timer("caught", "daily", at=at(time.time() - HOUR), catch_up=True),
        timer("strict", "missed", at=at(time.time() - 2 * HOUR)),
    )
    web, pids = box.unit("web")["pid"], box.pids()
    old = box.home / "log/chatter.log.1"
    for name in jumps():
        falls_asleep(box, name)
        assert (box.unit("web")["pid"], box.pids()) == (web, pids), name
        last = inode(old)
        until(lambda last=last: inode(old) != last, f"the log to be rotated ({name})")
        assert [box.unit(name)["state"] for name in ("caught", "strict")] == ["RUNNING"] * 2
    assert (runs(box, "web"), runs(box, "once"), runs(box, "missed")) == (1, 1, 0)
    box.order("restart", "web")
    assert runs(box, "web") == 2


def test_what_is_shown_follows_the_clock(box: Box, clock: WallClock, jumps: Jumps) -> None:
    """Its own or another unit's change is enough: `web` itself stays as it is."""
    began = time.monotonic()
    box.load(line("web"), line("db"))
    for name in jumps():
        box.order("restart", "db")
        shown = clock.now() - box.unit("web")["since"] / 1000
        assert -2 <= shown <= time.monotonic() - began + 2, name
        row = next(row for row in box.pm("list").stdout.splitlines() if row.startswith("web"))
        assert row.split()[2].endswith(("now", "s")), (name, row)


def test_the_last_job_is_the_last_one_after_a_clock_was_put_back(
    box: Box, clock: WallClock
) -> None:
    box.load(line("web", command=["sh", "-c", "exec sleep 1000"]))
    clock.put(-YEAR)
    box.load(line("web", command=["sh", "-c", "exec sleep 2000"]))
    told = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert told["job"]["command"][2] == "exec sleep 2000"
    clock.set(HOUR)
    box.kill()
    before = told["job"]["job"]
    until(lambda: box.unit("web")["pid"], "web to run")
    told = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert told["job"]["job"] != before
    assert told["job"]["code"] is None


def test_how_long_a_run_lasted_is_told_by_no_clock_that_is_set(box: Box, clock: WallClock) -> None:
    began = time.monotonic()
    box.load(line("web", command=["sleep", "1000"], restart="never"))
    clock.set(DAY)
    told = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert 0 < told["job"]["lasted"] <= (time.monotonic() - began) * 1000 + 20
    os.kill(box.unit("web")["pid"], signal.SIGKILL)
    box.wait("web", "FAIL")
    told = json.loads(box.pm("why", "web", "-o", "json").stdout)
    assert 0 < told["job"]["lasted"] <= (time.monotonic() - began) * 1000 + 20


def test_deadlines_and_delays_are_not_moved(box: Box, jumps: Jumps) -> None:
    """Each jump comes while a start, a stop and a wait for the next try are under way."""
    never = {"ready": {"how": "notify"}, "start_timeout": 700, "restart": "never"}
    stays = line("stays", command=["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"])
    box.load({**stays, "stop_timeout": 700}, counted("fails", "exit 1", want="down"))
    box.load(
        *({**stays, "stop_timeout": 700}, counted("slow", want="down", **never)),
        counted("fails", "exit 1", ready={"how": "wait", "ms": 5000}),
        status=3,
    )
    began, before = time.monotonic(), runs(box, "fails")
    for name in jumps():
        box.order("reset-failed", "slow")
        since, tried = time.monotonic(), runs(box, "slow")
        box.order("start", "--no-wait", "slow")
        box.order("restart", "--no-wait", "stays")
        until(lambda n=tried: runs(box, "slow") > n, f"the start ({name})")
        box.wait("slow", "STARTING_FAIL", 20)
        assert time.monotonic() - since >= 0.7, name
        box.wait("stays", "RUNNING", 20)
    tries = runs(box, "fails") - before
    assert 1 <= tries <= 1 + most(time.monotonic() - began)


def most(seconds: float) -> int:
    """Tries in this time: the delay begins with 0.1 s and is doubled each time."""
    return math.ceil(math.log2(seconds / 0.1 + 1))


@pytest.mark.nightly
def test_an_interval_and_health_are_no_matter_of_the_wall(box: Box, jumps: Jumps) -> None:
    check = {"how": "command", "command": ["true"], "every": 100, "failures": 1}
    box.load(counted("web", health=check), task("often"), timer("pulse", "often", every=1000))
    began = time.monotonic()
    for name in jumps():
        before = runs(box, "often")
        until(lambda before=before: runs(box, "often") > before, f"the next one ({name})")
        assert runs(box, "often") <= time.monotonic() - began + 1, name
    assert (runs(box, "web"), box.unit("web")["result"]) == (1, "ok")


def since(box: Box, name: str) -> int:
    return int(box.status()["units"][name]["since"])


def looks(box: Box, times: int) -> None:
    """So many heartbeats pass, at most."""
    before = work(box)[2]
    until(lambda: work(box)[2] >= before + times, "pm to wake up")


def seen(lively: Box, clock: WallClock, name: str, began: int) -> None:
    """pm has seen where the clock stands, and dates `name` by it, which began then (UNIX ms)."""
    until(
        lambda: abs(began + 1000 * clock.ahead - since(lively, name)) < 700,
        f"{name} to be dated by the clock, {clock.ahead} s ahead",
        10,
    )
    looks(lively, 2)


@pytest.mark.parametrize("back", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_a_time_of_the_day_comes_once_and_is_not_lost(
    lively: Box, clock: WallClock, back: bool
) -> None:
    moment = (int(time.time()) // 60 + 120) * 60
    lively.load(
        *(task("daily"), timer("daily-at", "daily", at=at(moment))),
        *(task("sure"), timer("sure-at", "sure", at=at(moment), catch_up=True)),
    )

    def ran(*wanted: int) -> None:
        """So often, and no more often at another look."""
        until(lambda: (runs(lively, "daily"), runs(lively, "sure")) == wanted, f"{wanted}", 10)
        looks(lively, 5)
        assert (runs(lively, "daily"), runs(lively, "sure")) == wanted

    clock.set(moment - 0.5)
    ran(1, 1)
    if back:  # a little: not again
        clock.set(moment - 1)
        until(lambda: clock.now() > moment + 0.3, "the time to come again")
        ran(1, 1)
    clock.set(moment + YEAR + 3 * HOUR)  # over it: what is to be caught up with is so, once
    ran(1, 2)
    if back:  # by a year
        clock.set(moment - 1)
        ran(2, 3)


@pytest.mark.nightly
def test_an_hour_that_comes_twice_by_hand(lively: Box, clock: WallClock) -> None:
    """Whoever sets the clock back by an hour begins the hour anew (the time zone does not)."""
    moment = (int(time.time()) // 60 + 120) * 60
    lively.load(task("daily"), timer("daily-at", "daily", at=at(moment)))
    began = since(lively, "daily-at")
    for wanted in (1, 2):
        clock.set(moment - HOUR)
        seen(lively, clock, "daily-at", began)
        assert runs(lively, "daily") == wanted - 1
        clock.set(moment - 1)
        until(lambda wanted=wanted: runs(lively, "daily") == wanted, "its time")


def test_a_heartbeat_is_enough_to_see_it(lively: Box, clock: WallClock, jumps: Jumps) -> None:
    """Nothing else happens; and the watchdog takes no jump for a hang."""
    lively.load(line("web"))
    pids, before, began = lively.pids(), lively.unit("web")["pid"], since(lively, "web")
    for _ in jumps():
        seen(lively, clock, "web", began)
    looks(lively, 5)
    assert (lively.pids(), lively.unit("web")["pid"]) == (pids, before)


@pytest.mark.nightly
def test_a_hang_is_seen_though_the_clock_goes_back(lively: Box, clock: WallClock) -> None:
    lively.load(line("web"))
    assert lively.process is not None
    os.kill(lively.pids()[1], signal.SIGSTOP)
    clock.put(-YEAR)
    assert lively.process.wait(30) == 124


STORY = 40  # steps


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(4))
def test_a_story_of_jumps_ends_restarts_and_other_programs(
    lively: Box, clock: WallClock, seed: int, proof: Proof
) -> None:
    """Whatever the clock does meanwhile: each unit is there once, none runs twice."""
    chance = random.Random(seed)
    job = line("once", kind="job", command=["sh", "-c", RUN.format("runs")], restart="never")
    lively.load(
        *(counted("web"), job, task("daily"), task("often")),
        *(timer("daily-at", "daily", at="30 3 * * *", catch_up=True),),
        timer("pulse", "often", every=1000),
    )
    began, starts, ends = time.monotonic(), 1, 0
    for step in range(STORY):
        clock.put(chance.choice([0, 30, -30, HOUR, -HOUR, YEAR, -YEAR, 50 * YEAR]))
        if chance.random() < 0.1:
            clock.set(chance.randrange(DAY))
        what = chance.choice(["kill", "reexec", "restart", "look", "look"])
        if what == "kill":
            lively.kill()
            ends += 1
        elif what != "look":
            lively.order(what, *(["web"] if what == "restart" else []))
        starts += what in ("kill", "restart")
        lively.wait("web", "RUNNING")
        until(lambda n=starts: runs(lively, "web") == n, f"one start more ({step}: {what})")
        own = [pid for pid in lively.inside() if of(pid) == "web"]
        assert own == [lively.unit("web")["pid"]], (step, what)
        assert set(lively.status()["units"]) == UNITS
    assert runs(lively, "once") == 1, "a job of this boot"
    assert runs(lively, "daily") <= STORY
    assert runs(lively, "often") <= time.monotonic() - began + 1 + ends
    proof("a wall clock that is set", steps=STORY, ends=ends)


UNITS = {"web", "once", "daily", "often", "daily-at", "pulse"}


def of(pid: int) -> str:
    """The unit that a process is of, by its environment."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    return environment.partition(b"PM_UNIT=")[2].partition(b"\0")[0].decode()
