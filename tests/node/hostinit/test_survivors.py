"""Services of a pm that died together with its watchdog: they end with its home."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.support import brood
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.hostinit.remove import end_survivors

pytestmark = pytest.mark.real


def test_they_are_ended_before_the_home_goes(tmp_path: Path) -> None:
    with Box(tmp_path) as box:
        mode = "user" if os.geteuid() else "root"
        box.load(line("web"), line("tenants", kind="subpm", mode=mode), line("tenants.shop"))
        pids = [unit["pid"] for unit in box.listing().values()]
        web, pm = box.unit("web")["pid"], box.status()["pid"]
        assert box.process is not None
        for number in (signal.SIGSTOP, signal.SIGKILL):  # each would end them all, if it saw
            for pid in (pm, box.process.pid):
                os.kill(pid, number)
        until(lambda: brood.state(pm) in ("", "Z"), "pm to be gone")
        assert brood.state(web) not in ("", "Z")  # the pm below may have seen the end by itself
        assert end_survivors(str(box.home)) >= 1
        assert not [pid for pid in pids if brood.state(pid) not in ("", "Z")]
        assert end_survivors(str(box.home)) == 0
