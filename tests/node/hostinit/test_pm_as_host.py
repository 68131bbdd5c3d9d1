"""A pm that is a unit of another one."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import yaml
from tests.support import box
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.hostinit import kept, life
from enve_pm.hostinit.another import Another
from enve_pm.hostinit.problem import Problem


def test_what_is_printed_is_a_part_of_a_plan() -> None:
    ours = kept.of('/srv/it\'s "a" b')
    shown = yaml.safe_load(Another(ours).text())["spots"][f"*.{ours.name}"]
    assert shown["run"] == [ours.launcher, "run", "--wait"]
    assert shown["ready"] == {"check": [ours.launcher, "status"]}
    for act in (Another(ours).register, Another(ours).start, Another(ours).remove):
        with pytest.raises(Problem, match="by signed plans only"):
            act()


def test_the_example_of_a_plan_has_what_is_printed() -> None:
    plan = Path(__file__).parents[3] / "playbooks/hosts/plan.yml"
    ours = kept.of("/home/alice/.local/state/pm")
    (printed,) = yaml.safe_load(Another(ours).text())["spots"].values()
    assert yaml.safe_load(plan.read_text())["spots"]["debian.guest"] == printed


@pytest.mark.real
def test_one_pm_keeps_another(tmp_path: Path) -> None:
    home = tmp_path / "inner"
    (home / "run").mkdir(parents=True)
    words = (f"PMHOME={home}", sys.executable, "-I", "-S", str(box.installed()))
    (home / "pm").write_text(f'#!/bin/sh\nexec env {" ".join(words)} "$@"\n')
    (home / "pm").chmod(0o755)
    shown = yaml.safe_load(Another(kept.of(str(home))).text())["spots"]
    ((_, spot),) = shown.items()
    ready = {"ready": {"how": "check"}, "check": spot["ready"]["check"]}
    unit = line("inner", command=spot["run"], stop_timeout=60_000, **ready)
    with Box(tmp_path) as outer:
        outer.load(unit)
        outer.wait("inner", "RUNNING")
        first = life.holder(str(home))
        assert life.alive(str(home))
        os.kill(first, signal.SIGKILL)
        until(lambda: life.holder(str(home)) not in (0, first), "it is there again")
        outer.wait("inner", "RUNNING")
        outer.order("stop", "inner")
        assert not life.holder(str(home))
        assert outer.unit("inner")["state"] == "STOPPED"
