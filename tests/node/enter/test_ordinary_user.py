"""What a process may and sees below the pm of an ordinary user: what a user namespace carries."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.wait import until

UNSHARE = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "unshare", "-Urm")
can = os.getuid() == 0 and subprocess.run([*UNSHARE, "true"], check=False).returncode == 0
pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(not can, reason="NOT RUN: ordinary users get no user namespaces here"),
]


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 1, 1)
        Path(name).chmod(0o755)
        with Box(Path(name), "--no-cgroup", python=python_for("daemon"), around=UNSHARE[:4]) as box:
            box.uid = 1
            yield box


def said(box: Box, text: str, **keys: Any) -> str:
    command = ["sh", "-c", f"exec >said 2>&1; {text}; mv said done; exec sleep 1000"]
    box.load(line("web", command=command, **keys))
    done = box.home / "spots/web/done"
    until(done.exists, "the unit to have said it")
    return done.read_text()


def test_a_view_of_its_own(box: Box) -> None:
    there = Path("/tmp") / f"seen-{os.getpid()}"
    there.write_text("x")
    keys = {"private_tmp": True, "read_only": True, "hidden": ["/etc/ssl"], "hostname": "inner"}
    try:
        text = said(box, f"ls {there}; id -u; hostname; ls /etc/ssl | wc -l; touch /var/x", **keys)
    finally:
        there.unlink()
    rows = text.splitlines()
    assert "No such file" in rows[0] and rows[1:4] == ["1", "inner", "0"]
    assert "Read-only" in rows[4]


def test_processes_and_a_network_of_its_own(box: Box) -> None:
    text = said(box, "echo $$; ls /sys/class/net >/dev/null", namespaces=["pid", "ipc"], net="none")
    assert text == "1\n"
    pid = box.unit("web")["pid"]
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
    assert "CapBnd:\t0000000000000000" in status
    before = pid
    box.order("restart", "web")
    assert box.unit("web")["pid"] not in (0, before)
    box.order("stop", "web")


def test_a_check_beside_it(box: Box) -> None:
    keys: dict[str, Any] = {"private_tmp": True, "net": "none", "ready": {"how": "check"}}
    command = ["sh", "-c", "echo x >/tmp/made; exec sleep 1000"]
    box.load(line("web", command=command, check=["cat", "/tmp/made"], **keys))
    assert box.unit("web")["state"] == "RUNNING"


def test_nothing_more_is_ever_got(box: Box) -> None:
    text = said(box, "grep -E 'NoNewPrivs|CapEff' /proc/self/status", capabilities=[])
    assert text.split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ({"capabilities": ["chown"]}, "enter:capabilities: only root's pm can do that"),
        ({"oom_score_adj": -1}, "enter:oom_score_adj: Permission denied"),
        ({"hidden": ["/no/where"]}, "enter:hidden: /no/where: No such file or directory"),
    ],
)
def test_what_only_root_can(box: Box, keys: dict[str, Any], result: str) -> None:
    box.load(line("web", restart="never", **keys), status=3)
    assert box.unit("web")["result"] == result


def test_a_mount_is_roots_and_that_is_said(box: Box) -> None:
    mount = {"type": "tmpfs", "at": "data", "size": 1 << 20}
    box.load(line("mnt", kind="mount", mount=mount, restart="never"), status=3)
    told = "only a pm that is root's can mount; this one runs as uid 1"
    assert told in box.unit("mnt")["detail"]


def test_limits_without_the_right_say_what_gives_it(box: Box) -> None:
    box.load(line("web", restart="never", limits={"pids": 9}), status=3)
    told = box.unit("web")["result"]
    assert told.startswith("limits:pids: ")
    assert "root's pm, or cgroups of v2" in told or "this host has no cgroup controller" in told
