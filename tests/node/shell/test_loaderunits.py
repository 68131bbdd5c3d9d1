"""When a loader looks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core import loaderbody, states
from enve_pm.core.effects import Recheck, Spawn, SpawnFailed
from enve_pm.core.unit import UnitSpec
from enve_pm.resource.loaderunits import SOON, LoaderUnits
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.state.home import Home


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def loop(system: FakeSystem) -> Loop:
    return Loop(system)


SPEC = UnitSpec.parse({"v": 1, "name": "pull", "kind": "loader", "loader": {"command": ["true"]}})


@pytest.fixture
def units(loop: Loop, tmp_path: Path, told: list[Any]) -> LoaderUnits:
    runs: Any = SimpleNamespace(number_of=lambda unit: 1)
    processes: Any = SimpleNamespace(active=lambda unit: SPEC)
    logs: Any = None
    home = Home(str(tmp_path), loop.system)
    return LoaderUnits(loop, home, logs, runs, processes, told.append)


def test_a_look_that_the_unit_was_not_ready_for_is_asked_for_again_soon(
    units: LoaderUnits, loop: Loop, system: FakeSystem, told: list[Any]
) -> None:
    """A machine that is still busy with the start of the unit passes over what is asked."""

    def asked(after: int) -> int:
        told.clear()
        system.time += after
        loop.turn(system.time)
        return told.count(Recheck("pull"))

    units.spawn(Spawn("pull", 1, states.MAKE), SPEC)
    assert asked(0) == 1
    assert asked(SOON - 1) == 0
    assert asked(1) == 1
    units.spawn(Spawn("pull", 2, states.CHECK), SPEC)  # the look, which fails: nobody can judge
    assert any(isinstance(one, SpawnFailed) for one in told)
    assert asked(SOON) == 0
    assert asked(loaderbody.every(SPEC.body) * 2) == 1
    units.drop("pull")
    assert asked(loaderbody.every(SPEC.body) * 2) == 0
