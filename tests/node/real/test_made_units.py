"""Jobs and resources on a real pm: run once, made and undone, over the death of pm."""

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


def job(name: str, script: str, **keys: Any) -> dict[str, Any]:
    return line(name, kind="job", command=["sh", "-c", script], restart="never", **keys)


def folder(box: Box, name: str, **keys: Any) -> dict[str, Any]:
    """A resource: a folder beside HOME."""
    path = box.home.parent / name
    steps = {"check": ["test", "-d"], "make": ["mkdir"], "undo": ["rmdir"]}
    return line(name, kind="resource", **{k: [*v, str(path)] for k, v in steps.items()}, **keys)


def runs(box: Box, name: str) -> int:
    file = box.home / "spots" / name / "runs"
    return file.read_text().count("x") if file.exists() else 0


COUNT = "printf x >>runs"


# -- jobs -----------------------------------------------------------------------------------------
def test_a_job_runs_once_and_keeps_running(box: Box) -> None:
    box.load(job("migrate", COUNT), line("web", command=["sleep", "1000"], needs=["migrate"]))
    assert box.unit("migrate")["state"] == box.unit("web")["state"] == "RUNNING"
    box.order("start", "migrate")
    box.load(job("migrate", COUNT), line("web", command=["sleep", "1001"], needs=["migrate"]))
    assert runs(box, "migrate") == 1
    box.order("restart", "migrate")
    assert runs(box, "migrate") == 2


def test_a_job_that_fails_is_told_and_not_repeated(box: Box) -> None:
    box.load(job("bad", COUNT + "; exit 3"), status=3)
    unit = box.unit("bad")
    assert (unit["state"], unit["result"]) == ("STARTING_FAIL", "exit:3")
    assert runs(box, "bad") == 1


def test_another_command_is_another_job(box: Box) -> None:
    box.load(job("migrate", COUNT))
    box.load(job("migrate", COUNT + " # 2"))
    assert runs(box, "migrate") == 2


def test_a_job_is_not_run_again_when_pm_died(box: Box) -> None:
    box.load(job("migrate", COUNT))
    box.kill()
    box.wait("migrate", "RUNNING")
    assert runs(box, "migrate") == 1


@pytest.mark.parametrize(("undo", "times"), [([], 1), (["true"], 2)])
def test_a_job_is_not_run_again_when_pm_ended_in_order(
    box: Box, undo: list[str], times: int
) -> None:
    """Unless it was undone then."""
    box.load(job("migrate", COUNT, each="change", **({"undo": undo} if undo else {})))
    box.end()
    box.start()
    box.wait("migrate", "RUNNING")
    assert runs(box, "migrate") == times


def test_what_a_job_undoes(box: Box) -> None:
    box.load(job("seed", "touch seeded", undo=["rm", "seeded"]))
    assert (box.home / "spots/seed/seeded").exists()
    box.order("stop", "seed")
    assert not (box.home / "spots/seed/seeded").exists()


# -- what is made is undone -----------------------------------------------------------------------
def test_made_before_pm_died_and_removed_after(box: Box) -> None:
    box.load(folder(box, "data"))
    made = box.home.parent / "data"
    assert made.is_dir()
    box.kill()
    box.wait("data", "RUNNING")
    box.load()
    until(lambda: not made.exists(), "the folder to be undone")


def test_stopped_by_hand_while_pm_was_dead(box: Box) -> None:
    """The want is on disk, the stop was not done yet."""
    box.load(folder(box, "data"))
    box.kill(before=lambda: (box.home / "wants").write_text('{"data":"down manual by me"}'))
    box.wait("data", "STOPPED")
    until(lambda: not (box.home.parent / "data").exists(), "the folder to be undone")
    until(lambda: not (box.home / "units/data/owed").exists(), "the debt to be paid")


def test_other_parameters_after_the_death_of_pm(box: Box) -> None:
    """What the old ones made goes, though the new ones know nothing of it."""
    box.load(folder(box, "data"))
    other = folder(box, "data", stop_timeout=9000)
    for step in ("check", "make", "undo"):
        other[step] = [*other[step][:-1], str(box.home.parent / "other")]
    box.kill(before=lambda: box.parameter("data", other))
    box.wait("data", "RUNNING")
    assert (box.home.parent / "other").is_dir()
    assert not (box.home.parent / "data").exists()


def test_drift_is_healed_or_only_reported(box: Box) -> None:
    box.load(folder(box, "healed", check_every=50), folder(box, "told", drift="report"))
    (box.home.parent / "healed").rmdir()
    until((box.home.parent / "healed").is_dir, "the folder to be made again")
    (box.home.parent / "told").rmdir()
    box.order("recheck", "told", status=3)
    unit = box.unit("told")
    assert (unit["state"], unit["result"], unit["detail"]) == ("RUNNING", "exit:1", "drift")
    (box.home.parent / "told").mkdir()
    box.order("recheck", "told")
    assert box.unit("told")["result"] == "ok"
