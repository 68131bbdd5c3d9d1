"""How often a sub-pm is looked at: what it shows, and how much, is its user's to choose."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core.effects import Ready
from enve_pm.resource import lookout
from enve_pm.resource.child import SubPm
from enve_pm.resource.lodging import Lodging
from enve_pm.resource.lookout import CALM, Lookout
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.state import nested
from enve_pm.shell.state.home import Home

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


def test_the_last_word_of_one_life_does_not_announce_the_next(tmp_path: Path) -> None:
    """The look that it calls for comes a moment later: the sub-pm may have died and begun again."""
    system, told = FakeSystem(), []
    (tmp_path / "public" / "sub").mkdir(parents=True)
    loop, sub = Loop(system), SubPm()
    sub.lodging = Lodging(os.getuid(), os.getgid(), str(tmp_path), str(tmp_path), "")
    runs: Any = SimpleNamespace(get=lambda unit, number: SimpleNamespace(number=number, main=7))
    out = Lookout(loop, Home(str(tmp_path), system), runs, told.append, {"pm1": sub})

    def life(number: int) -> int:
        sub.close(loop)
        sub.tell, talk = os.pipe()
        os.set_blocking(sub.tell, False)
        sub.number = number
        out.watch("pm1", sub)
        return talk

    def later() -> None:
        system.time += CALM
        loop.turn(system.time)

    first = life(1)
    os.write(first, b".")
    loop.turn(system.time)
    second = life(2)
    later()
    assert told == []
    os.write(second, b".")
    loop.turn(system.time)
    later()
    assert told == [Ready("pm1", 2, 7)]
    for end in (first, second):
        os.close(end)
    sub.close(loop)


WRITER = """
import json, os, sys, time
path, tell = sys.argv[1], int(sys.argv[2])
units = {"u%d" % number: {"state": "RUNNING", "detail": "x" * 190} for number in range(1_000)}
texts = []
for pid in range(2):
    units["u0"]["pid"] = pid
    texts.append(json.dumps({"v": 1, "units": units}))
while True:
    texts.reverse()
    with open(path + ".new", "w") as file:
        file.write(texts[0])
    os.rename(path + ".new", path)
    time.sleep(0.002)
    try:
        os.write(tell, b".")
    except BlockingIOError:
        pass
"""


@pytest.mark.real
def test_a_large_file_that_changes_all_the_time_costs_little(tmp_path: Path) -> None:
    """Of the processor 5 %, and for the test as much again; it would be more than half."""
    (tmp_path / "public" / "sub").mkdir(parents=True)
    loop, sub, looks = Loop(System()), SubPm(), []
    sub.lodging = Lodging(os.getuid(), os.getgid(), str(tmp_path), str(tmp_path), "")
    sub.tell, talk = os.pipe()
    for fd in (sub.tell, talk):
        os.set_blocking(fd, False)
    runs: Any = None
    home = Home(str(tmp_path), loop.system)
    out = Lookout(loop, home, runs, lambda event: None, {"pm1": sub})
    out.told = lambda name: looks.append(len(sub.report["status"]["units"]))
    out.watch("pm1", sub)
    words = [sys.executable, "-c", WRITER, f"{tmp_path}/public/status.json", str(talk)]
    with subprocess.Popen(words, pass_fds=[talk]) as writer:
        try:
            until_looks(loop, looks, 1)
            spent, begun = time.process_time(), time.monotonic()
            until_looks(loop, looks, 3)
            share = (time.process_time() - spent) / (time.monotonic() - begun)
        finally:
            writer.kill()
    os.close(talk)
    sub.close(loop)
    assert looks == [1_000] * 3
    assert share < 0.1


def until_looks(loop: Loop, looks: list[int], count: int) -> None:
    end = time.monotonic() + 60
    while len(looks) < count and time.monotonic() < end:
        loop.turn(loop.system.now() + 100)
