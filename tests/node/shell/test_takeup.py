"""A plan that was accepted waits for its blueprint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core.refusal import Refused
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.plan.takeup import PAUSE, TakeUp


class Blueprint:
    """`broken`: what is wrong with it."""

    broken = ""

    def lines(self, lane: str, lines: dict[str, str]) -> dict[str, str]:
        if self.broken:
            raise Refused("broken", self.broken)
        return dict(lines)

    def pms(self) -> dict[str, str]:
        return {}


def test_why_it_waits_is_said_once_and_when_it_changes(capfd: pytest.CaptureFixture[str]) -> None:
    applied: list[Any] = []
    system = FakeSystem()
    loop, blueprint = Loop(system), Blueprint()
    part = SimpleNamespace(lines={"web": "{}"})
    plans = SimpleNamespace(held={"main": SimpleNamespace(part=part, serial=3)})
    taken: Any = TakeUp(blueprint, plans, loop, applied.append)  # type: ignore[arg-type]

    def tries(count: int, broken: str) -> str:
        blueprint.broken = broken
        for _ in range(count):
            system.time += PAUSE
            loop.turn(system.time)
        return capfd.readouterr().err

    blueprint.broken = "not there"
    taken.take("main", "s", "n", {})
    assert tries(3, "not there") == "pm: the plan of lane main waits: broken: not there\n"
    assert tries(3, "no JSON") == "pm: the plan of lane main waits: broken: no JSON\n"
    assert not applied
    assert tries(3, "") == ""
    assert [one.serial for one in applied] == [3]
    blueprint.broken = "no JSON"
    taken.take("main", "s", "n", {})
    assert tries(1, "no JSON").count("waits") == 1, "it waits for another reason than before"
