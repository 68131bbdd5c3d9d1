"""A unit that leaves processes which belong to nobody, with more in their environments than anybody
needs: what it costs the pm that has them for children."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.node.shell.fake import FakeSystem
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.resource.orphans import Orphans
from enve_pm.resource.run import Run
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.process import descend
from enve_pm.shell.process.descend import Orphan
from enve_pm.shell.process.spawn import ANY

pytestmark = pytest.mark.real
LARGE = """
import os, time
env = {"%x" % number: "" for number in range(110_000)}
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.execve("/bin/sleep", ["sleep", "1000"], env)
        os._exit(0)
    os.wait()
print("done", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as place, Box(Path(place), "--no-cgroup") as box:
        yield box


def spent(pid: int) -> float:
    """Seconds of CPU time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_of_those_that_end_before_they_show_anything_nothing_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There may be some at any time, so that time never comes to forget all of them."""
    pids: list[int] = []
    monkeypatch.setattr(descend, "orphans", lambda *_: [Orphan(pid, 1, pid, None) for pid in pids])
    orphans = Orphans(Loop(FakeSystem()), lambda: [], lambda: None)
    for pid in range(2, 1000):
        pids[:] = [pid, pid + 1]
        assert not orphans.adopt([])
        orphans.forget(pid)
    assert len(orphans._bare) == 1


@pytest.mark.parametrize("job", ["second", "", "unknown"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_number_that_a_launcher_has_left_is_not_its_runs(
    monkeypatch: pytest.MonkeyPatch, job: str, order: int
) -> None:
    first, second = Run("daemon", 1, "start", "first"), Run("other", 2, "start", "second")
    first.launcher, first.main = 5, 9  # its launcher has ended
    second.launcher = second.main = 5
    orphan = Orphan(20, 1, 5, job.encode())
    monkeypatch.setattr(descend, "orphans", lambda *_: [orphan])
    runs = [first, second][::order]
    Orphans(Loop(FakeSystem()), lambda: runs, lambda: None).adopt([])
    assert (first.orphans, second.orphans) == (set(), {20})


@pytest.mark.parametrize(
    ("ends", "others", "given"),
    [(7, [], True), (8, [7], False), (0, [8], True), (0, [7], False), (ANY, [7], True)],
)
def test_who_hides_holds_up_no_end_of_another_users_run(
    monkeypatch: pytest.MonkeyPatch, ends: int, others: list[int], given: bool
) -> None:
    """It waits for that of its own."""
    runs = []
    for number, uid in enumerate([ends, *others]):
        run = Run(f"u{number}", number, "start", f"j{number}")
        run.uid = uid
        runs.append(run)
    monkeypatch.setattr(descend, "orphans", lambda *_: [Orphan(20, 1, 20, b"")])
    system = FakeSystem()
    monkeypatch.setattr(system, "owner", lambda pid: 7)
    orphans = Orphans(Loop(system), lambda: runs, lambda: None)
    orphans.adopt(runs[:1])
    assert (runs[0].orphans == {20}) == given
    if not given:
        monkeypatch.setattr(descend, "orphans", lambda *_: [])
        orphans.adopt(runs[1:])
        assert runs[1].orphans == {20}


def test_their_environments_are_not_taken_apart(box: Box) -> None:
    box.load(line("victim"), line("evil", command=[box.python, "-c", LARGE]))
    log = box.home / "log/evil.log"
    until(lambda: log.exists() and log.read_text(), "its processes to be there")
    pid = box.pids()[1]
    before = spent(pid)
    box.order("restart", "victim")
    assert spent(pid) - before < 0.7


def test_those_of_strangers_hold_up_no_start(box: Box) -> None:
    """After a death every process of the machine is asked whether it was one of ours."""
    box.load(line("victim"))
    env = {f"{number:x}": "" for number in range(110_000)}
    with ExitStack() as stack:
        for _ in range(15):
            stranger = stack.enter_context(subprocess.Popen(["/bin/sleep", "1000"], env=env))
            stack.callback(stranger.kill)
        box.kill()
        assert spent(box.pids()[1]) < 0.3
