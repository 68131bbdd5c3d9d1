"""Groups that do not go at once: by whom they are held, and how often that is looked at."""

from __future__ import annotations

import codecs
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core import states
from enve_pm.resource import groups
from enve_pm.resource.groups import AGAIN, Groups
from enve_pm.resource.run import Run
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.process import hierarchy
from enve_pm.shell.state.home import Home

NOBODY = 65534


def _as_nobody(folder: str) -> int:
    """What `clear` says, as an exit code; 70: it has raised."""
    codecs.lookup("ascii")  # nobody may not be able to load it
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            code = int(hierarchy.clear(folder))
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.real
@pytest.mark.skipif(os.getuid() != 0, reason="only root has a process that nobody may not kill")
def test_a_process_that_is_not_ours_to_kill_holds_the_group() -> None:
    """As one that a unit of an ordinary user has started by a program of root's."""
    with tempfile.TemporaryDirectory() as place:  # that of pytest is closed to others
        Path(place).chmod(0o755)
        child = subprocess.Popen(["sleep", "1000"])
        (Path(place) / "cgroup.procs").write_text(f"{child.pid}\n")
        try:
            assert _as_nobody(place) == 0
            assert child.poll() is None
        finally:
            child.kill()
            child.wait()


def test_where_the_kernel_ends_all_of_a_group_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "cgroup.kill").touch()
    hierarchy.clear(str(tmp_path))
    assert (tmp_path / "cgroup.kill").read_text() == "1"


def test_however_many_runs_end_one_timer_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that waits for a device may stay for days."""
    looks: list[str] = []

    def clear(folder: str) -> bool:
        looks.append(folder)
        return False

    monkeypatch.setattr(groups, "clear", clear)
    system = FakeSystem()
    loop = Loop(system)
    mine = Groups(loop, Home(str(tmp_path), system))
    for number in range(5):
        mine._folders["web"] = {"stuck"}
        mine._runs[number] = "web", 0
        mine.over(Run("web", number, states.START, "job"))
    looks.clear()
    for _ in range(3):
        system.time += AGAIN
        loop.turn(system.time)
    assert looks == ["stuck"] * 3
