"""A jail below the pm of an ordinary user: what a user namespace carries."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood, rooms
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.wait import until

from enve_pm.shell.guard import subtree

AS_DAEMON = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups")
can = (
    os.getuid() == 0
    and subprocess.run([*AS_DAEMON, "unshare", "-Urm", "true"], check=False).returncode == 0
)
pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(not can, reason="NOT RUN: ordinary users get no user namespaces here"),
]


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 1, 1)
        Path(name).chmod(0o755)
        yield Path(name)


def run(place: Path, *around: str) -> Box:
    box = Box(place, "--no-cgroup", python=python_for("daemon"), around=(*AS_DAEMON, *around))
    box.uid = 1
    return box


subpm = partial(rooms.subpm, mode="user")


LOOK = """echo $(id -u) $(hostname) $(grep -c : /proc/net/dev) $(ls $TOP)
grep -hE 'CapEff|NoNewPrivs' /proc/self/status /proc/1/status"""
CELL = {"jail": True, "net": "none", "hostname": "inner"}


def units(box: Box) -> list[dict[str, Any]]:
    command = ["sh", "-c", f"exec >said 2>&1; {LOOK}; mv said done; exec sleep 1000"]
    return [
        line("top"),
        subpm("cell", **CELL),
        line("cell.web", command=command, env={"TOP": str(box.home)}),
        subpm("cell.pm2"),
        line("cell.pm2.deep"),
    ]


def test_what_it_is_in(place: Path) -> None:
    with run(place) as box:
        box.load(*units(box))
        done = box.home / "spots/cell/spots/web/done"
        first, *rest = until(lambda: done.exists() and done.read_text(), "its words").splitlines()
        assert first == "1 inner 1 feed spots"
        assert {tuple(row.split("\t")) for row in rest} == {
            ("CapEff:", "0000000000000000"),
            ("NoNewPrivs:", "1"),
        }


@pytest.mark.parametrize("who", ["watchdog", "pm"])
def test_a_killed_one_takes_all_below_it_and_comes_back(place: Path, who: str) -> None:
    with run(place) as box:
        box.load(*units(box))
        before = box.listing()
        watchdog = before["cell"]["pid"]
        below = subtree.below(watchdog)
        os.kill(watchdog if who == "watchdog" else below[0], signal.SIGKILL)
        until(lambda: box.unit("cell")["pid"] not in (0, watchdog), "its restart")
        until(lambda: {one["state"] for one in box.listing().values()} == {"RUNNING"}, "all")
        assert not [pid for pid in (watchdog, *below) if brood.state(pid) not in ("", "Z")]
        assert box.unit("top")["pid"] == before["top"]["pid"]
        for name in ("cell.web", "cell.pm2.deep"):
            box.order("restart", name)
        assert box.pm("reexec").returncode == 0
        box.order("stop", "cell.pm2.deep")
        assert box.unit("cell")["restarts"] == 1


def test_a_jail_in_a_jail_needs_a_pm_between_them(place: Path) -> None:
    chain = [subpm("a", jail=True), subpm("a.b"), subpm("a.b.c", jail=True), line("a.b.c.web")]
    with run(place) as box:
        box.load(*chain)
        assert box.unit("a.b.c.web")["state"] == "RUNNING"
        box.load(subpm("a", jail=True), subpm("a.b", jail=True, restart="never"), status=3)
        found = until(lambda: box.unit("a.b").get("result", "").startswith("nesting:"), "refusal")
        assert found and "no jail_userpm in a jail_userpm" in box.unit("a.b")["result"]


def test_a_host_that_gives_no_user_namespaces(place: Path) -> None:
    """In a namespace of its own the switch can be turned without the machine's noticing."""
    off = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    around = ("unshare", "--map-current-user", "--keep-caps", "sh", "-c", off, "sh")
    with run(place, *around) as box:
        box.load(subpm("cell", jail=True, restart="never"), status=3)
        assert box.unit("cell")["result"] == (
            "enter:namespaces: this host gives ordinary users no user namespaces "
            "(user.max_user_namespaces = 0): ask its root to allow them"
        )


def test_it_is_entered_with_its_own_processes(place: Path) -> None:
    with run(place) as box:
        box.load(*units(box))
        for name in ("cell", "cell.web", "cell.pm2.deep"):
            words = box._argv(("enter", name, "--", "sh", "-c", "id -u; hostname; ps -e | wc -l"))
            done = subprocess.run(
                [*AS_DAEMON, *words], env=box._env(), capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            who, host, processes = done.stdout.split()
            assert (who, host) == ("1", "inner")
            assert int(processes) < 25


def test_one_that_closes_its_home_holds_up_no_change_of_program(place: Path) -> None:
    """The folder is the same user's inside and outside."""
    with run(place) as box:
        shut = f"until test -d go; do sleep 0.02; done; chmod 0 {box.home}/spots/cell; sleep 1000"
        web = line("cell.web", command=["sh", "-c", shut])
        box.load(line("top"), subpm("cell", jail=True), web)
        cell = box.home / "spots/cell"
        (cell / "spots/web/go").mkdir()
        until(lambda: cell.stat().st_mode & 0o777 == 0, "it to be closed")
        assert box.pm("reexec").returncode == 0
        box.order("restart", "top")
        assert cell.stat().st_mode & 0o777 == 0o700
        (cell / "spots/web/go").rmdir()
        box.order("restart", "cell.web")
