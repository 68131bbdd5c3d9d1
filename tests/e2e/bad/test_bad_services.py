"""Services that misbehave: pm says so, stays in command of them, and leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.pmnode import PmNode
from tests.support.site import Site, screen
from tests.support.wait import until

pytestmark = pytest.mark.real
# Daemons: by two forks and a session of their own; the shell that made them is gone.
DAEMON = "setsid sh -c 'echo $$ >\"$SPOT_DIR/pid\"; exec sleep 7301' & exit 0"
BROOD = "for i in 1 2 3; do setsid sh -c 'setsid sleep 7302 & sleep 7302' & done; exec sleep 7302"
FLOOD = "exec yes a-line-of-the-flood-that-is-as-long-as-a-line-usually-is"
DEAF = "trap '' TERM; while :; do sleep 7303; done"


def sh(text: str, **more: Any) -> dict[str, Any]:
    return {"run": {"sh": text}, **more}


def march(site: Site, code: int, **spots: Any) -> str:
    """These spots to n1, beside what runs there."""
    plan = site.plan(**spots)
    text = plan.read_text()
    for name in spots:
        text = text.replace(f"'*.{name}'", f"n1.{name}")
    plan.write_text(text)
    return screen(site.fleet.march(plan, "-T", "60", code=code))


def alive(pm: PmNode, spot: str) -> list[int]:
    """The processes of a spot, wherever they have gone: by what pm gave to their environment."""
    mark = f"SPOT_DIR={pm.home}/spots/{spot}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def pm(site: Site) -> Iterator[PmNode]:
    """n1; afterwards it runs the plan of the beginning, and no process of the others is left."""
    node = site.pm("n1")
    before = {name: unit["pid"] for name, unit in node.status["units"].items()}
    yield node
    site.march()
    for spot in ("job", "extra"):
        assert alive(node, spot) == []
    assert {name: unit["pid"] for name, unit in node.status["units"].items()} == before


def test_one_that_exits_at_once(site: Site, pm: PmNode) -> None:
    said = march(site, 3, job=sh("echo no such port; exit 7", restart="never"))
    assert "accepted, but not everything runs" in said
    assert "| its last lines, on n1:" in said
    assert "| no such port" in said
    assert "exit:7" in said
    assert "applied 2 of 3" in said
    row = site.fleet.rows("n1.job")["n1.job"]
    assert row["state"] in ("STARTING_FAIL", "STOPPED"), row
    assert "exit:7" in row["detail"]


def test_one_that_can_not_be_executed(site: Site, pm: PmNode) -> None:
    said = march(site, 3, job={"run": "/nowhere/at-all", "restart": "never"})
    assert "ENOENT" in said


def test_one_that_ignores_term_is_killed_in_the_end(site: Site, pm: PmNode) -> None:
    march(site, 0, job=sh(DEAF, stop_timeout="500ms"))
    assert len(alive(pm, "job")) >= 1
    begun = time.monotonic()
    site.fleet.run("stop", "n1.job", code=None)
    assert alive(pm, "job") == []
    assert time.monotonic() - begun < 30
    assert pm.unit("job")["state"] == "STOPPED"


def test_one_that_forks_twice_is_followed(site: Site, pm: PmNode) -> None:
    daemon = sh(DAEMON, ready={"pidfile": "pid"})
    march(site, 0, job=daemon)
    pid = int((pm.home / "spots/job/pid").read_text())
    assert pm.unit("job")["pid"] == pid
    os.kill(pid, 9)
    again = until(lambda: running(pm, "job", pid), "the daemon is there again")
    assert again in alive(pm, "job")


def running(pm: PmNode, spot: str, other: int) -> int:
    unit = pm.unit(spot)
    return int(unit["pid"]) if unit["state"] == "RUNNING" and unit["pid"] != other else 0


def test_one_that_leaves_grandchildren(site: Site, pm: PmNode) -> None:
    march(site, 0, job=sh(BROOD))
    until(lambda: len(alive(pm, "job")) >= 7, "its brood is there")
    site.fleet.run("stop", "n1.job")
    assert alive(pm, "job") == []


def test_one_that_floods_its_log(site: Site, pm: PmNode) -> None:
    """The log stays within its size, and pm answers as ever."""
    march(site, 0, job=sh(FLOOD, log={"size": "64K", "keep": 2}))
    rotated = pm.home / "log/job.log.1"
    until(rotated.exists, "the log was rotated")
    assert site.fleet.states("n1.*")["n1.job"] == "RUNNING"
    site.fleet.run("restart", "n1.job")
    assert sum(map(size, (pm.home / "log").glob("job.log*"))) < 512 << 10
    assert "a-line-of-the-flood" in site.fleet.run("logs", "n1.job", "-n", "3").stdout


def size(file: Path) -> int:
    """0 when it has just been rotated away."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
