"""Many units and many restarts, as few of them as tell anything (`make bench` has the rest)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.pm import crowd, endure, many
from benchmarks.pm.manager import manager
from tests.support.box import Box, installed, line
from tests.support.wait import until

pytestmark = pytest.mark.real

MEMORY = Path("/dev/shm")
FOLDER = str(MEMORY) if MEMORY.is_dir() else None
UNITS = 1000
LOW = 128  # a soft limit of descriptors that is much less than what the units need


def test_a_thousand_units_start_list_and_stop() -> None:
    names = [f"u{number:05}" for number in range(UNITS)]
    with manager(FOLDER, place=installed().parent) as pm:
        for name in names:
            pm.define(name)
        found = many.boot(pm, UNITS)
        assert isinstance(found["rss"], float) and found["rss"] <= 16
        assert pm.fds() <= UNITS + 32, "one for each unit's log"
        crowd.listed(pm, UNITS)
        many.every(pm, "stop", names, lambda: pm.sleeps() == 0)
        crowd.shutdown(pm)


def test_memory_is_flat_over_restarts() -> None:
    with manager(FOLDER, place=installed().parent) as pm:
        found = endure.endure(pm, 0, restarts=700, warm=450)
    assert found["fd_growth"] in range(-2, 3), "a file may be open for the moment of a write"
    assert isinstance(found["rss_growth"], float) and found["rss_growth"] <= 0.5


@pytest.mark.parametrize("keys", [{}, {"terminal": True}], ids=["pipes", "terminals"])
def test_more_units_that_print_than_the_limit_that_pm_was_started_with(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    """pm takes what it may have, and so do its logger and the holder of terminals; a unit still
    gets what pm was given."""
    around = ("sh", "-c", f'ulimit -Sn {LOW}; exec "$@"', "sh")
    command = ["sh", "-c", "ulimit -Sn; exec sleep 1000"]
    names = [f"u{number}" for number in range(2 * LOW)]
    with Box(tmp_path, around=around) as box:
        box.load(*(line(name, command=command, **keys) for name in names))
        logs = [box.home / "log" / f"{name}.log" for name in names]
        until(lambda: all(log.exists() and log.read_bytes() for log in logs), "what all print")
        assert {log.read_text() for log in logs} == {f"{LOW}\n"}
