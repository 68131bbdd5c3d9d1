"""Timers on a real pm: they start, restart, reload and recheck others, over ends of pm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


def timer(unit: str, do: str = "start", **keys: Any) -> dict[str, Any]:
    body = {"unit": unit, "do": do, **({} if "at" in keys else {"every": 1000}), **keys}
    return line("clock", kind="timer", timer=body)


def task(script: str, **keys: Any) -> dict[str, Any]:
    """What a timer runs, as the plan of playbooks/backup has it."""
    command = ["sh", "-c", "printf x >>runs; " + script]
    return line("task", command=command, restart="never", want="down", **keys)


def runs(box: Box) -> int:
    file = box.home / "spots/task/runs"
    return file.read_text().count("x") if file.exists() else 0


def told(box: Box, words: str) -> None:
    until(lambda: words in box.unit("clock")["detail"], f"the timer to say {words!r}")


def test_a_task_runs_again_and_again(box: Box) -> None:
    box.load(task("true"), timer("task"))
    assert box.unit("clock")["state"] == "RUNNING"
    assert runs(box) == 0
    until(lambda: runs(box) >= 2, "two runs")
    told(box, "last ok")
    unit = box.wait("task", "STOPPED")
    assert (unit["want"], unit["drift"], unit["result"], unit["restarts"]) == (
        *("down", False, "ok"),
        0,
    )


def test_one_that_fails_is_shown_and_tried_the_next_time(box: Box) -> None:
    box.load(task("exit 7", ready={"how": "wait", "ms": 0}), timer("task"))
    told(box, "last exit:7")
    unit = box.wait("task", "FAIL")
    assert (unit["result"], unit["why"]) == ("exit:7", "timer clock")
    until(lambda: runs(box) >= 2, "another try")


def test_one_that_still_runs_is_left_alone(box: Box) -> None:
    box.load(task("exec sleep 1000"), timer("task"))
    pid = box.wait("task", "RUNNING")["pid"]
    told(box, "left alone: it still runs")
    assert runs(box) == 1
    box.load(task("exec sleep 1000"), timer("task", "restart", every=86_400_000))
    assert box.unit("task")["pid"] == pid
    box.order("stop", "task")
    assert box.unit("task")["state"] == "STOPPED"


def test_a_job_is_run_again(box: Box) -> None:
    """The other way: it runs at the march and after a reboot, too."""
    job = line("task", kind="job", command=["sh", "-c", "printf x >>runs"], restart="never")
    box.load(job, timer("task", "restart"))
    assert runs(box) == 1
    until(lambda: runs(box) >= 3, "it to run again")
    told(box, "last ok")


def test_reload_and_recheck(box: Box) -> None:
    web = line(
        "web", command=["sh", "-c", "trap 'printf x >>runs' HUP; while :; do sleep 0.05; done"]
    )
    box.load({**web, "reload": {"signal": "HUP"}}, timer("web", "reload"))
    file = box.home / "spots/web/runs"
    until(file.exists, "a reload")
    told(box, "last ok")
    check = {"check": ["sh", "-c", "printf x >>runs"]}
    box.load(line("task", kind="resource", **check), timer("task", "recheck"))
    until(lambda: runs(box) >= 2, "a check after the first one")


def test_what_cannot_be_done_is_told(box: Box) -> None:
    box.load(line("web"), timer("web", "reload"))
    told(box, "refused: it has no way to reload")
    assert box.unit("clock")["state"] == "RUNNING"


def test_stopped_by_hand(box: Box) -> None:
    box.load(line("task"), timer("task"))
    box.order("stop", "task")
    told(box, "left alone: it is stopped by hand")
    assert box.unit("task")["state"] == "STOPPED"
    box.order("stop", "clock")
    assert box.unit("clock")["detail"] == ""


def test_an_interval_goes_on_over_ends_of_pm(box: Box) -> None:
    box.load(task("true"), timer("task"))
    until(lambda: runs(box), "a run")
    box.kill()
    before = runs(box)
    until(lambda: runs(box) > before, "a run by the next pm")


def test_over_a_change_of_program(box: Box) -> None:
    box.load(task("exec sleep 1.5"), timer("task", every=3000))
    box.wait("task", "RUNNING")
    box.order("reexec", str(box.program.parent))
    told(box, "last ok")
    until(lambda: runs(box) == 2, "the next run")


@pytest.mark.parametrize("in_order", [False, True])
def test_an_outage_is_caught_up_with(box: Box, in_order: bool) -> None:
    """It fired last a year ago, says the disk, when pm comes back."""
    box.load(task("true"), timer("task", at="0 0 1 1 *", catch_up=True))
    fired = box.home / "units/clock/fired"
    when, rest = fired.read_text().split(" ", 1)

    def long_ago() -> None:
        assert fired.exists()
        fired.write_text(f"{int(when) - 370 * 86_400_000} {rest}")

    if in_order:
        box.end()
        long_ago()
        box.start()
    else:
        box.kill(before=long_ago)
    until(lambda: runs(box) == 1, "the run that was missed")
    told(box, "last ok")
    box.kill()
    box.wait("clock", "RUNNING")
    assert runs(box) == 1


def test_timers_do_not_keep_pm_awake(box: Box) -> None:
    box.load(task("true"), timer("task", at="0 0 1 1 *"))
    box.wait("clock", "RUNNING")
    file = Path(f"/proc/{box.pids()[1]}/status")

    def switches() -> int:
        text = file.read_text()
        return int(text.split("voluntary_ctxt_switches:")[1].split()[0])

    last = [switches()]

    def still() -> bool:
        before, last[0] = last[0], switches()
        return before == last[0]

    until(still, "pm to sleep for two seconds", every=2)
