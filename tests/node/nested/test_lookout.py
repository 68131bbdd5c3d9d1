"""How often a sub-pm is looked at: what it shows, and how much, is its user's to choose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.resource import lookout
from enve_pm.resource.child import SubPm
from enve_pm.resource.lodging import Lodging
from enve_pm.resource.lookout import CALM, Lookout
from enve_pm.shell import nested
from enve_pm.shell.home import Home
from enve_pm.shell.loop import Loop

MINUTE = 60_000  # ms


@pytest.mark.parametrize(("cost", "most"), [(0, MINUTE // CALM), (20, 145), (500, 6)])
def test_a_dear_look_is_taken_seldom(
    cost: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It talks all the time; of a minute it gets 5 % (and its first look)."""
    system = FakeSystem()
    loop, sub, looks = Loop(system), SubPm(), []
    sub.lodging = Lodging(os.getuid(), os.getgid(), str(tmp_path), str(tmp_path), "")
    sub.tell, talk = os.pipe()
    os.set_blocking(sub.tell, False)

    def read(home: str, uid: int) -> nested.Report:
        looks.append(system.time)
        system.time += cost
        return nested.Report()

    monkeypatch.setattr(lookout.nested, "read", read)
    (tmp_path / "public" / "sub").mkdir(parents=True)
    runs: Any = None
    out = Lookout(loop, Home(str(tmp_path), system), runs, lambda event: None, {"pm1": sub})
    out.watch("pm1", sub)
    end = system.time + MINUTE
    while system.time < end:
        os.write(talk, b".")
        system.time += 5
        loop.turn(system.time)
    os.close(talk)
    sub.close(loop)
    assert most // 2 < len(looks) <= most
