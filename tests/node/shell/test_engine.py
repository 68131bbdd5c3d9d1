"""The engine goes on after a mistake: what was decided with it is done, without any other news."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.app.engine import AGAIN, Engine
from enve_pm.app.report import Reports
from enve_pm.app.rollout import Rollout
from enve_pm.core.canonical import dumps
from enve_pm.core.effects import Define, Spawn, Want
from enve_pm.core.states import UP
from enve_pm.core.unit import PROCESS, UnitSpec
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.state.home import Home


def test_what_was_decided_beside_a_mistake_is_done_soon(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    system, started = FakeSystem(), []
    loop = Loop(system)
    engine = Engine(loop, Home(str(tmp_path), system))

    def spawn(effect: Spawn, spec: UnitSpec) -> None:
        started.append(effect.unit)
        if len(started) == 1:
            raise ZeroDivisionError("a mistake of ours")

    kind: Any = SimpleNamespace(spawn=spawn)
    engine.kinds[PROCESS] = kind
    for name in ("one", "two"):
        spec = UnitSpec.parse({"v": 1, "name": name, "command": ["true"]})
        engine.feed([Define(name, spec), Want(name, UP, "plan")])
    loop.turn(system.time)
    assert len(started) == 1 and "a mistake of ours" in capfd.readouterr().err
    due = loop._timers.deadline()
    assert due is not None and due <= system.time + AGAIN
    system.time = due
    loop.turn(due)
    assert sorted(started) == ["one", "two"]


def test_what_a_start_cannot_bring_into_force_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for an answer then: without a word it would seem never to have been planned."""
    system = FakeSystem()
    loop, home = Loop(system), Home(str(tmp_path), system)
    engine = Engine(loop, home)
    rollout = Rollout(engine, home, Reports(engine))
    lines = {
        name: dumps({"v": 1, "name": name, "command": ["true"], "needs": [other]}).decode()
        for name, other in (("one", "two"), ("two", "one"))
    }
    rollout.whole(lines)
    assert not engine.busy()
    assert "not brought into force: " in capfd.readouterr().err
