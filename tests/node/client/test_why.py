"""`pm why` on a real pm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.client import why

pytestmark = pytest.mark.real


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


def test_the_cause_is_told_with_its_job_and_its_last_words(box: Box) -> None:
    db = line("db", command=["sh", "-c", "echo no data; exit 3"], restart="never")
    box.load(db, line("web", needs=["db"]), line("top", needs=["web"]), status=3)
    box.wait("db", "STARTING_FAIL")
    told = json.loads(box.pm("why", "top", "-o", "json").stdout)
    assert [link["unit"] for link in told["chain"]] == ["top", "web", "db"]
    assert (told["job"]["code"], told["log"]) == (3, ["no data"])
    text = box.pm("why", "top").stdout
    assert "needs db  STARTING_FAIL" in text
    assert "ended with 3 after" in text


def test_a_unit_that_runs(box: Box) -> None:
    box.load(line("web"))
    text = box.pm("why", "web").stdout.splitlines()
    assert text[0].startswith("web  RUNNING  ")
    assert "ran     sleep 1000: since" in text[2]


def test_what_pm_does_itself_has_no_command_line(box: Box) -> None:
    volume = {"path": "/dev/null/data"}
    box.load(line("data", kind="volume", volume=volume, restart="never"), status=3)
    text = box.pm("why", "data").stdout
    assert "ran     pm's own work (make): ended with 1 after" in text
    assert "/dev/null is no folder" in text


def test_one_that_is_not_there(box: Box) -> None:
    box.load(line("web"))
    done = box.pm("why", "wbe")
    assert (done.returncode, "did you mean" in done.stderr) == (64, True)


def test_it_works_when_pm_is_dead(box: Box) -> None:
    box.load(line("web"))
    box.end()
    assert "pm itself is not running" in box.pm("why", "web").stdout


def test_what_a_unit_printed_drives_no_terminal(box: Box) -> None:
    script = "printf 'a\\033[2Jb\\n'\nexit 3"
    ready = {"how": "wait", "ms": 10_000}  # however slow it is, it ends before
    box.load(line("web", command=["sh", "-c", script], restart="never", ready=ready), status=3)
    box.wait("web", "STARTING_FAIL")
    text = box.pm("why", "web").stdout
    assert "\x1b" not in text
    assert "a\\e[2Jb\n" in text
    assert "exit 3: ended with 3" in text.splitlines()[2]  # the script stands on one line


def test_only_what_was_printed_since_the_last_start_is_told(box: Box) -> None:
    def web(version: str) -> dict[str, Any]:
        script = f"echo {version} is here; exec sleep 1000"
        return line("web", command=["sh", "-c", script], log_size=4096)

    def told() -> Any:
        return json.loads(box.pm("why", "web", "-o", "json").stdout)["log"]

    for version in ("old", "new"):
        box.load(web(version))
        until(lambda v=version: told() == [f"{v} is here"], "its own lines alone")  # type: ignore[misc]
    box.load(line("web", command=["sleep", "1000"]))
    assert told() == []


def test_a_place_in_a_log_is_found_over_its_rotations(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("old\n")
    began = [log.stat().st_ino, 4]
    assert why.since(str(log), began) == 0
    log.rename(tmp_path / "web.log.1")
    (tmp_path / "web.log.1").write_text("old\nnew\n")
    log.write_text("newer\n")
    assert why.since(str(log), began) == len("new\nnewer\n")
    assert why.since(str(log), [1, 1]) == why.since(str(log), []) == why.FAR


@pytest.mark.parametrize(
    ("lines", "shown"),
    [([], []), (["a", "b"], ["a", "b"]), (["a", "x", "a", "x"], ["a", "x"]), (["x", "x"], ["x"])],
)
def test_of_what_fails_alike_again_and_again_the_last_try_is_shown(
    lines: list[str], shown: list[str]
) -> None:
    assert why.newest(lines) == shown
