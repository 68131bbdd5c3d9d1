"""A fleet whose login jails a part of its own: deployed, marched, listed, killed, back again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]
UNITS = ("n1.cell", "n1.cell.web", "n1.cell.inner", "n1.cell.inner.desk")
HOSTNAME = {"sh": "hostname; exec sleep 86400"}


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Lab(1) as lab, Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as made:
        inner = {"spots": {"desk": {}}}
        jail = {"jail": True, "network": "none", "hostname": "cell"}
        made.pms = {"cell": {**jail, "spots": {"web": {}}, "pms": {"inner": inner}}}
        made.write()
        yield made


def test_a_jail_of_a_login(fleet: Fleet) -> None:
    fleet.deploy()
    fleet.march(fleet.plan({name: {"run": HOSTNAME} for name in UNITS[1::2]}))
    rows = fleet.rows()
    assert {rows[name]["state"] for name in UNITS} == {"RUNNING"}
    assert "cell" in fleet.run("logs", "n1.cell.inner.desk").stdout.split()
    fleet.run("restart", "n1.cell.inner.desk")
    os.kill(rows["n1.cell"]["pid"], signal.SIGKILL)

    def back() -> bool:
        now = fleet.rows()
        up = all(now[name]["state"] == "RUNNING" for name in UNITS if name in now)
        return up and now["n1.cell"]["restarts"] == 1 and len(now) == len(UNITS)

    until(back, "all of it to run again")
