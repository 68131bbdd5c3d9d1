"""A change of program that fails on its way: the next one starts from the beginning."""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.shell.events.loop import Loop
from enve_pm.shell.guard import heartbeat, reexec


class Bench:
    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.system = FakeSystem()
        self.loop = Loop(self.system)
        self.asked: list[tuple[str, ...]] = []
        self.ended: list[Any] = []  # callbacks of the trials
        self.answers: list[tuple[str, int, str]] = []
        life: Any = SimpleNamespace(post=SimpleNamespace(home=str(home)), ask=self.ask)
        dump, settle = lambda: ({}, []), lambda: None
        subject: Any = SimpleNamespace(quiet=True, dump=dump, settle=settle)
        monkeypatch.setattr(reexec, "branch", self.branch)
        self.change = reexec.Reexec(self.loop, life, subject, self.finish)
        self.gone = 0
        monkeypatch.setattr(self.change, "_go", self.go)

    def ask(self, *words: str) -> bool:
        self.asked.append(words)
        return True

    def finish(self, job: str, code: int, message: str) -> None:
        self.answers.append((job, code, message))

    def branch(self, loop: Any, fds: Any, work: Any, done: Any) -> int:
        os.write(fds[1], b"ok\n")
        self.ended.append(done)
        return 4242

    def go(self) -> None:
        self.gone += 1

    def late(self) -> None:
        self.system.time += reexec.PATIENCE
        self.loop.turn(self.system.time)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_the_watchdogs_late_answer_is_not_the_next_trials(bench: Bench) -> None:
    bench.change.command("one", ["/"])
    bench.ended[0](0)
    bench.late()
    assert [row[:2] for row in bench.answers] == [("one", 3)]
    bench.change.command("two", ["/"])
    bench.change._heard(heartbeat.READY, "")
    bench.change.turned()
    assert bench.gone == 0
    bench.ended[1](0)
    bench.change._heard(heartbeat.READY, "")
    bench.change.turned()
    assert bench.gone == 1


def test_an_end_that_is_asked_for_while_the_state_is_written_is_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal has come, but the turn that tells pm of it has not."""
    called = [True]
    executed: list[str] = []
    monkeypatch.setattr(bench.loop, "called", lambda: called[0])
    monkeypatch.setattr(bench.change, "_replace", lambda: executed.append("new"))
    monkeypatch.setattr(bench.change, "_go", lambda: reexec.Reexec._go(bench.change))
    bench.change.command("one", ["/"])
    bench.ended[0](0)
    bench.change._heard(heartbeat.READY, "")
    bench.change.turned()
    assert executed == []
    called[0] = False
    bench.change.turned()
    assert executed == ["new"]


def test_a_trial_that_cannot_begin_costs_no_descriptor(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    gc.collect()  # of tests before this one
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(reexec, "branch", full)
    bench.change.command("one", ["/"])
    assert [row[:2] for row in bench.answers] == [("one", 3)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
