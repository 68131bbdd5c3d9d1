"""Who has the user of a nested pm, against the pm around it."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.wait import until

pytestmark = pytest.mark.real
USER = "daemon" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with Box(Path(name), "--no-cgroup", python=python_for(USER)) as box:
            yield box


# Once it may, it takes the pipe that its pm is told things by, has it wait where it is full, and
# fills it.
CLOG = """
import ctypes, fcntl, os, signal, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
pm = os.getppid()
kept = [int(name) for name in os.listdir(f"/proc/{pm}/fd")
        if os.readlink(f"/proc/{pm}/fd/{name}").endswith("/sub/pm1/input")]
taken = ctypes.CDLL(None, use_errno=True).syscall(438, os.pidfd_open(pm), kept[0], 0)
os.kill(pm, signal.SIGSTOP)
flags = fcntl.fcntl(taken, fcntl.F_GETFL)
try:
    while True:
        os.write(taken, b"x" * 4096)
except OSError:
    fcntl.fcntl(taken, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
    print("done", flush=True)
time.sleep(1000)
"""


def test_a_full_pipe_that_waits_holds_up_nobody_else(box: Box) -> None:
    go = box.home.parent / "go"
    box.load(
        line("pm1", kind="subpm", mode="user", user=USER),
        line("pm1.evil", command=[box.python, "-c", CLOG, str(go)]),
        line("top"),
    )
    go.touch()  # all are ready: its pm, which it stops, has said so
    log = box.home / "spots/pm1/log/evil.log"
    until(lambda: log.exists() and log.read_text(), "the pipe to be clogged")
    assert log.read_text() == "done\n"
    box.pm("restart", "--no-wait", "pm1.evil")
    box.order("restart", "top")
