"""The outer loop: pm comes back, by the program that should run; it ends when asked to."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import brood
from tests.support.box import Box, installed, line
from tests.support.wait import until

from enve_pm.shell.guard import respawn
from enve_pm.shell.guard.respawn import pause


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(0, 0), (1, 0.1), (2, 0.2), (5, 1.6), (10, 51.2), (11, 60), (5000, 60)]
)
def test_pause(deaths: int, seconds: float) -> None:
    assert pause(deaths) == pytest.approx(seconds)


def test_an_end_that_is_asked_for_between_two_lives_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No watchdog is there then that could be told."""
    before = {number: signal.getsignal(number) for number in respawn.ENDS}

    def wanted(home: str) -> str:
        signal.raise_signal(signal.SIGTERM)
        return str(tmp_path)

    monkeypatch.setattr(respawn.program, "wanted", wanted)
    monkeypatch.setattr("os.posix_spawn", lambda *_, **__: pytest.fail("it was started"))
    try:
        assert respawn.run(str(tmp_path), []) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, "--respawn") as box:
        box.load(line("web", command=["sh", "-c", brood.FAMILY], stop_timeout=300))
        box.wait("web", "RUNNING")
        yield box


def up_again(box: Box, was: int) -> int:
    def look() -> int:
        pid = int(box.status()["pid"])
        return pid if pid != was and box.pm("status").returncode == 0 else 0

    return until(look, "pm to come back")


@pytest.mark.real
def test_pm_comes_back_alone(box: Box) -> None:
    first, web = box.pids()[1], box.unit("web")["pid"]
    os.kill(first, signal.SIGKILL)
    second = up_again(box, first)
    assert box.wait("web", "RUNNING")["pid"] != web
    assert len(brood.marked(box.mark)) <= brood.SIZE + 5  # one family, one pm, no remains
    parent = int(Path(f"/proc/{second}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)  # the watchdog
    up_again(box, second)
    box.wait("web", "RUNNING")


@pytest.mark.real
def test_the_program_that_should_run_is_the_one_that_comes_back(box: Box) -> None:
    place = box.home / "lib" / "0123456789abcdef"
    shutil.copytree(installed(), place / "enve_pm")
    (box.home / "lib" / "current").write_text(place.name + "\n")
    first = box.pids()[1]
    os.kill(first, signal.SIGKILL)
    up_again(box, first)
    assert until(lambda: box.status()["hash"] == place.name, "the new program")


@pytest.mark.real
def test_shutdown_is_an_end_and_not_a_crash(box: Box) -> None:
    assert box.pm("shutdown").returncode == 0
    assert box.process is not None
    assert box.process.wait(30) == 0


@pytest.mark.real
def test_detached(tmp_path: Path) -> None:
    box = Box(tmp_path)
    words = ["run", "--sub", "--feed", str(box.feed), "--respawn", "--detach"]
    done = box.pm(*words)
    assert done.returncode == 0, done.stderr
    assert box.pm("status").returncode == 0
    second = box.pm(*words)
    assert second.returncode == 3
    assert "held by pid" in (box.home / "log" / "pm.log").read_text() + second.stderr
    pid = json.loads((box.home / "public" / "status.json").read_text())["pid"]
    assert os.getsid(pid) != os.getsid(0)
    assert box.pm("shutdown").returncode == 0
    until(lambda: not brood.marked(box.mark), "everything to be gone")
