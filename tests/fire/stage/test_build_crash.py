"""A build is killed at each of its steps, by SIGKILL; the next one is right."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support import wait
from tests.support.killed import at_every_step
from tests.support.workbench import ARGV, Workbench, table

from enve_fire.core.product import Product
from enve_fire.fetch.how import How
from enve_fire.stage.chain import Chain
from enve_fire.stage.context import context
from enve_fire.store.store import Store

LINES = ["mkdir -p $OUT/opt/greet/bin", "cp greet $OUT/opt/greet/bin", "setsid sleep 0.01 &"]


def chain(bench: Workbench, source: Path) -> Chain:
    environ = {"ENVE_STORE": str(bench.path / "store"), "HOME": str(bench.home)}
    found = table(build={"run": LINES, "sandbox": "userns"})
    ctx = context(environ, Store.of(environ), How(environ=environ))
    return Chain(Product(f"file://{source}", "", found), ctx)


def inside(folder: Path) -> list[int]:
    """Processes that are at work in there."""
    found = []
    for one in Path("/proc").iterdir():
        try:
            if one.name.isdigit() and str(folder) in os.readlink(one / "cwd"):  # noqa: PTH115
                found.append(int(one.name))
        except OSError:
            continue
    return found


def killed(bench: Workbench, every: int) -> int:
    """How many times."""
    source, store = bench.source(), bench.path / "store"
    times = 0
    chain(bench, source).built()  # all is imported from here on
    shutil.rmtree(store)
    for number in at_every_step(lambda: chain(bench, source).installed(), every=every):
        wait.until(lambda: not inside(store), f"nobody is left after step {number}", 20)
        again = chain(bench, source)
        place = again.installed()
        artifact = Path(again.built().path)
        for top in (Path(place.root), artifact):
            assert (top / "opt/greet/bin/greet").read_text().startswith("#!/bin/sh"), number
        left = [one for shelf in store.iterdir() for one in shelf.glob(".tmp.*")]
        assert len(left) <= 1, number  # killed when all was done but to tidy up
        shutil.rmtree(store)
        times += 1
    return times


def test_killed_at_some_of_its_steps(bench):
    assert killed(bench, 61) > 3


@pytest.mark.nightly
def test_killed_at_each_of_its_steps(bench):
    assert killed(bench, 1) > 100


def test_of_eight_one_builds_and_all_have_it(bench):
    profile = bench.profile(table(build={"run": ["echo 1 >>$OUT/n; sleep 0.3"]}))
    source = bench.source()
    argv = [*ARGV, "fire", "build", "-f", str(profile), str(source)]
    racers = [
        subprocess.Popen(argv, env=bench.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    said = [racer.communicate(timeout=60) for racer in racers]
    assert {racer.returncode for racer in racers} == {0}
    assert len({out for out, _ in said}) == 1
    assert sum(b"making" in told for _, told in said) == 1
    assert Path(said[0][0].decode().strip(), "n").read_text() == "1\n"
