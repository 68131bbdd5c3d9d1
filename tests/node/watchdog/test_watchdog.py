"""The watchdog against real processes: pm dies, pm hangs, the watchdog dies; nothing is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import brood
from tests.support.wait import until

from enve_pm.shell.guard import subtree

pytestmark = pytest.mark.real
TOY = Path(__file__).with_name("toy_pm.py")
REMOTE = Path(__file__).parents[3] / "remote"


TOYS: list[Toy] = []


class Toy:
    def __init__(self, home: Path, families: int, *rest: str, script: str = brood.FAMILY) -> None:
        self.home = home
        self.mark = uuid.uuid4().hex
        env = {"PATH": os.environ["PATH"], brood.MARK: self.mark, "FAMILY": script}
        beat = rest or ("30", "30")
        TOYS.append(self)
        self.process = subprocess.Popen(
            [sys.executable, str(TOY), str(home), *beat[:2], str(families), *beat[2:]],
            env={**env, "PYTHONPATH": str(REMOTE)},
            stderr=subprocess.PIPE,
        )
        text = until(self._pids, "the toy to be up")
        self.watchdog, self.pm, *self.children = map(int, text.split())

    def _pids(self) -> str:
        path = self.home / "pids"
        return path.read_text() if path.exists() and path.read_text().endswith("\n") else ""

    def gone(self, deadline: float = 15) -> None:
        until(lambda: not brood.marked(self.mark), "everything to be gone", deadline)

    def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()
            self.gone()

    def end(self) -> int:
        _, status = self.process.communicate(timeout=20), self.process.returncode
        return status


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    while TOYS:  # those that a failed test left
        TOYS.pop().close()


@pytest.fixture(params=["cgroup", "walk"])
def means(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return ("30", "30") if request.param == "cgroup" else ("30", "30", "no-cgroup")


def test_pm_killed_takes_all_with_it(home: Path, means: tuple[str, ...]) -> None:
    toy = Toy(home, 5, *means)
    until(lambda: len(brood.marked(toy.mark)) >= 5 * brood.SIZE + 2, "the families")
    os.kill(toy.pm, signal.SIGKILL)
    assert toy.end() == 128 + signal.SIGKILL
    assert brood.marked(toy.mark) == []


def test_hung_pm_is_a_dead_pm(home: Path) -> None:
    toy = Toy(home, 2, "0.05", "0.5")
    os.kill(toy.pm, signal.SIGSTOP)
    _, errors = toy.process.communicate(timeout=20)
    assert toy.process.returncode == 124
    assert b"hung; all below it killed" in errors
    assert brood.marked(toy.mark) == []


def test_a_pm_that_beats_is_left_alone(home: Path) -> None:
    toy = Toy(home, 0, "0.01", "5")
    time.sleep(0.3)  # thirty beats: nothing to wait for, it must only not end
    assert toy.process.poll() is None
    os.kill(toy.watchdog, signal.SIGTERM)
    assert toy.end() == 0


def test_watchdog_killed(home: Path, means: tuple[str, ...]) -> None:
    toy = Toy(home, 3, *means)
    os.kill(toy.watchdog, signal.SIGKILL)
    toy.gone()
    toy.end()


def test_exit_status_is_pms_own(home: Path) -> None:
    toy = Toy(home, 1)
    (home / "input").write_bytes(b"exit 7\n")
    assert toy.end() == 7
    assert brood.marked(toy.mark) == []


def test_second_one_says_who_holds_the_home(home: Path) -> None:
    toy = Toy(home, 0)
    argv = [sys.executable, str(TOY), str(home), "30", "30", "0"]
    env = {**os.environ, "PYTHONPATH": str(REMOTE), "FAMILY": ""}
    second = subprocess.run(argv, env=env, capture_output=True, timeout=20, check=False)
    assert second.returncode == 3
    assert f"held by pid {toy.watchdog}".encode() in second.stderr
    os.kill(toy.watchdog, signal.SIGTERM)
    assert toy.end() == 0


def test_no_node_of_ours_is_left(home: Path) -> None:
    toy = Toy(home, 1)
    os.kill(toy.pm, signal.SIGKILL)
    toy.end()
    from enve_pm.shell.process import cgroup

    path = cgroup.place(str(home))
    if path:
        cgroup.remove(path)
        assert not Path(path).exists()


def rounds(home: Path, count: int, seed: int) -> None:
    """Kill one of the two at a random moment, also while the families are still forking."""
    dice = random.Random(seed)
    for number in range(count):
        means = ("30", "30", "no-cgroup") if number % 2 else ("30", "30")
        toy = Toy(home / str(number), 3, *means)
        time.sleep(dice.random() * 0.03)
        os.kill(dice.choice([toy.pm, toy.watchdog]), signal.SIGKILL)
        toy.gone()
        toy.end()


def test_random_moments(home: Path) -> None:
    home.mkdir()
    rounds(home, 12, seed=1)


@pytest.mark.nightly
def test_a_thousand_random_moments(home: Path) -> None:
    home.mkdir()
    rounds(home, 1000, seed=int(time.time()))


def test_a_thousand_children_die_fast(home: Path) -> None:
    """1,100 processes, half of them daemons: the last one is dead within the bar (100 ms on a
    quiet machine; here only the count is strict)."""
    script = (
        "i=0; while [ $i -lt 49 ]; do (setsid sleep 1000 &) ; sleep 1000 & i=$((i+1)); done; wait"
    )
    toy = Toy(home, 11, "30", "30", "no-cgroup", script=script)
    until(lambda: len(brood.marked(toy.mark)) >= 11 * 99, "the children", 60)
    os.kill(toy.pm, signal.SIGKILL)
    _, errors = toy.process.communicate(timeout=20)
    assert brood.marked(toy.mark) == []
    print(errors.decode())


def test_who_forks_faster_than_we_kill_does_not_hold_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = time.monotonic()

    def reap() -> int:
        assert time.monotonic() < began + 10, "it goes on and on"
        return 1

    monkeypatch.setattr(subtree, "reap", reap)
    monkeypatch.setattr(subtree, "children", lambda pid: [])
    monkeypatch.setattr(subtree, "below", lambda pid: [4242])
    assert subtree.kill_all(0.05) == [4242]
