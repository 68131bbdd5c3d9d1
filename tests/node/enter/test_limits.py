"""Limits of memory, CPU time and processes, by the cgroups of this machine."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.shell.process import cgroup, hierarchy, mountinfo

HOME = "/nowhere/pm"


def able(controller: str) -> bool:
    try:
        folder = hierarchy.find(HOME, controller).folder
    except (hierarchy.NoGroups, OSError):
        return False
    Path(folder).rmdir()
    return True


pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(
        os.getuid() != 0 or not all(map(able, hierarchy.CONTROLLERS)),
        reason="NOT RUN: no cgroups with cpu, memory and pids can be made here",
    ),
]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box
    assert folders(box) == []


def folders(box: Box) -> list[str]:
    """Of this pm, in every hierarchy that has the controllers. (Those of others come and go.)"""
    mine = "/" + cgroup.name("", str(box.home)).strip("/")
    walk = os.walk("/sys/fs/cgroup")
    return [f"{at}/{name}" for at, names, _ in walk if at.endswith(mine) for name in names]


def of(box: Box, name: str) -> str:
    return Path(f"/proc/{box.unit(name)['pid']}/cgroup").read_text()


def test_a_unit_has_groups_of_its_own_while_it_runs(box: Box) -> None:
    limits = {"memory": 64 << 20, "cpu": 500, "pids": 20}
    box.load(line("web", limits=limits), line("db"))
    name = cgroup.name("", str(box.home))
    assert of(box, "web").count(f"{name}/web") >= 1 and f"{name}/web" not in of(box, "db")
    values = {
        file.name: file.read_text().strip()
        for folder in folders(box)
        for file in Path(folder).iterdir()
        if file.name in {"memory.limit_in_bytes", "memory.max", "pids.max", "cpu.cfs_quota_us"}
    }
    assert {"67108864", "20"} <= set(values.values())
    box.order("restart", "web")
    assert f"{name}/web" in of(box, "web")
    box.order("stop", "web")
    until(lambda: folders(box) == [], "its groups to go")


def test_no_more_processes_than_these(box: Box) -> None:
    command = ["sh", "-c", "for i in 1 2 3 4 5 6; do sleep 1000 & done; sleep 1000"]
    keys: dict[str, Any] = {"restart": "never", "ready": {"how": "wait", "ms": 5000}}
    box.load(line("web", command=command, limits={"pids": 4}, **keys), status=3)
    assert "Cannot fork" in (box.home / "log/web.log").read_text()


@pytest.mark.parametrize("ends", ["exec python3 -c '{}'", "python3 -c '{}'; exit 3"])
def test_want_of_memory_is_told_as_such(box: Box, ends: str) -> None:
    command = ["sh", "-c", ends.format("x = bytearray(256 << 20)")]
    keys: dict[str, Any] = {"limits": {"memory": 48 << 20}, "restart": "never"}
    box.load(line("web", command=command, ready={"how": "wait", "ms": 5000}, **keys), status=3)
    assert box.unit("web")["result"] == "oom"


def test_a_kill_by_hand_is_no_want_of_memory(box: Box) -> None:
    box.load(line("web", limits={"memory": 64 << 20}, restart="never"))
    os.kill(box.unit("web")["pid"], 9)
    assert box.wait("web", "FAIL")["result"] == "signal:9"


def test_another_program_knows_the_groups(box: Box) -> None:
    box.load(line("web", limits={"memory": 64 << 20}))
    pid = box.unit("web")["pid"]
    box.order("reexec")
    assert box.unit("web")["pid"] == pid
    box.order("stop", "web")
    until(lambda: folders(box) == [], "its groups to go")


def test_what_a_crash_leaves_is_found(box: Box) -> None:
    box.load(line("web", limits={"pids": 20}))

    def gone() -> None:
        assert folders(box) == [], "the watchdog has cleared up"
        box.parameter("web", line("web"))

    box.kill(gone)
    assert folders(box) == []


def test_what_is_left_when_the_watchdog_dies_too(box: Box) -> None:
    box.load(line("web", limits={"pids": 20}))
    before = box.unit("web")["pid"]
    watchdog, pm = box.pids()
    os.kill(watchdog, signal.SIGSTOP)
    os.kill(pm, signal.SIGKILL)
    os.kill(watchdog, signal.SIGKILL)
    assert box.process is not None and box.process.stderr is not None
    box.process.wait(30)
    box.process.stderr.close()
    assert folders(box), "nobody has cleared up yet"
    box.start()
    until(lambda: box.unit("web")["pid"] not in (0, before), "its start")
    (folder,) = folders(box)
    assert (Path(folder) / "cgroup.procs").read_text().split() == [str(box.unit("web")["pid"])]


def test_a_check_is_held_to_them(box: Box) -> None:
    keys: dict[str, Any] = {"limits": {"pids": 20}, "ready": {"how": "check"}}
    box.load(line("web", check=["sh", "-c", "cat /proc/self/cgroup >$SPOT_DIR/mine"], **keys))
    mine = (box.home / "spots/web/mine").read_text()
    assert cgroup.name("", str(box.home)) + "/web" in mine


SECOND = """
import os, sys
sys.path.insert(0, sys.argv[1])
from enve_pm.shell.process import cgroup, hierarchy
base, home, controller = sys.argv[2:]
cgroup.write(base + "/cgroup.procs", "0")
if os.fork():
    os.wait()
    print(open("/proc/self/cgroup").read())
    sys.exit()
folder = cgroup.place(home)
cgroup.enter(folder)
for _ in range(2):
    print(hierarchy.find(home, controller))
print(open("/proc/self/cgroup").read(), open(folder + "/cgroup.subtree_control").read())
"""


@contextmanager
def alone(top: Path) -> Iterator[None]:
    """What we change there is the whole machine's: another run of these tests waits."""
    handle = os.open(top, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_in_version_2_only_leaves_hold_processes(tmp_path: Path) -> None:
    """With whatever controller version 2 has here."""
    found = [mount.at for mount in mountinfo.read() if mount.kind == "cgroup2"]
    offered = Path(found[0], "cgroup.controllers").read_text().split() if found else []
    if not offered:
        pytest.skip("NOT RUN: cgroup v2 has no controllers here")
    top, base = Path(found[0]), Path(found[0], f"enve-test-{os.getpid()}")
    with alone(top):
        before = (top / "cgroup.subtree_control").read_text()
        base.mkdir()
        try:
            (top / "cgroup.subtree_control").write_text("+" + offered[0])
            argv = [sys.executable, "-c", SECOND, "remote", str(base), str(tmp_path), offered[0]]
            done = subprocess.run(argv, capture_output=True, text=True, check=True)
        finally:
            cgroup.remove(str(base))
            if offered[0] not in before:
                (top / "cgroup.subtree_control").write_text("-" + offered[0])
    name = cgroup.name("", str(tmp_path))
    assert done.stdout.count(f"Place(kind='cgroup2', folder='{base}{name}')") == 2
    assert f"/{base.name}{name}/main\n" in done.stdout, "pm itself"
    assert f"/{base.name}{name}.watch\n" in done.stdout, "its watchdog"
    assert not base.exists()
