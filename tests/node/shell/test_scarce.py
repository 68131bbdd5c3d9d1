"""No descriptor, process or reader is left for a moment: pm says so or tries again, and goes on."""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path
from typing import Any

import pytest
from tests.node.shell.fake import FakeSystem

from enve_pm.core import states
from enve_pm.core.effects import Spawn, SpawnFailed
from enve_pm.core.unit import UnitSpec
from enve_pm.enter.start import start
from enve_pm.resource.base import Runs
from enve_pm.resource.process import Processes
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.guard import respawn, watchdog
from enve_pm.shell.log import logpipe
from enve_pm.shell.log.logpipe import LogPipes
from enve_pm.shell.process import widen
from enve_pm.shell.process.spawn import Order, SpawnError
from enve_pm.shell.state.home import Home
from enve_pm.shell.terminal.terminals import Terminals


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def descriptors() -> int:
    gc.collect()  # of tests before this one
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("how", "call"),
    [("notify", "enve_pm.resource.readiness.Datagram"), ("fd", "os.pipe")],
)
def test_a_unit_whose_readiness_cannot_be_heard_fails_at_once(
    how: str, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    loop = Loop(FakeSystem())
    home = Home(str(tmp_path), loop.system)
    home.make()
    logs = LogPipes(loop, ["false"], home.log)
    runs = Runs(loop, home, told.append)
    ready = {"how": how, "fd": 3} if how == "fd" else {"how": how}
    spec = UnitSpec.parse({"v": 1, "name": "web", "command": ["true"], "ready": ready})
    logs.writer("web", spec.log_size, spec.log_keep)
    before = descriptors()
    monkeypatch.setattr(call, full)
    Processes(loop, home, logs, runs, told.append).spawn(Spawn("web", 1, states.START), spec)
    monkeypatch.undo()
    assert told == [SpawnFailed("web", 1, "exec:EMFILE")]
    assert descriptors() == before
    logs.drop("web")


def test_the_logger_is_started_when_there_is_a_descriptor_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would read the pipes, and whoever prints would stand still when his is full."""
    started: list[int] = []
    system = FakeSystem()
    loop = Loop(system)
    logs = LogPipes(loop, ["false"], lambda unit: str(tmp_path / unit))
    monkeypatch.setattr(logpipe.socket, "socketpair", full)
    logs.writer("web", 4096, 1)
    loop.turn(1000)
    monkeypatch.undo()

    def helper(*_: Any) -> int:
        started.append(1)
        return 77

    monkeypatch.setattr("enve_pm.shell.process.beside.helper", helper)
    system.time += logpipe.AGAIN
    loop.turn(system.time)
    assert started == [1]
    logs.drop("web")
    assert logs._channel is not None
    logs._channel.close()


def test_the_outer_loop_outlives_a_start_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    starts: list[int] = []

    def spawn(*_: Any, **__: Any) -> int:
        starts.append(1)
        if len(starts) < 3:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real("/bin/true", ["true"], {})

    real = os.posix_spawn
    monkeypatch.setattr(os, "posix_spawn", spawn)
    monkeypatch.setattr(respawn.signal, "signal", lambda *_: None)
    assert respawn.run(str(tmp_path), []) == 0
    assert len(starts) == 3
    assert capfd.readouterr().err.count("it cannot be started") == 2


def test_nobody_waits_any_more_for_the_first_beat() -> None:
    """Whoever started us has gone after his 20 s: no reason to end everything."""
    reader, writer = os.pipe()
    os.close(reader)
    watch = object.__new__(watchdog._Watch)
    watch.ready = writer
    watch._tell_ready()
    assert watch.ready == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writer)


def test_one_file_that_cannot_be_written_keeps_no_other_waiting(tmp_path: Path) -> None:
    home = Home(str(tmp_path), FakeSystem())
    home.make()
    Path(home.unit("bad")).write_bytes(b"in the way")
    home.state("bad", "RUNNING")
    home.state("web", "RUNNING")
    assert not home.pending.flush()
    assert Path(home.unit("web"), "state").read_bytes() == b"RUNNING\n"
    assert "bad" in home.pending.error


def test_pipes_of_units_leave_pm_some_descriptors(tmp_path: Path) -> None:
    loop = Loop(FakeSystem())
    logs = LogPipes(loop, ["false"], lambda unit: str(tmp_path / unit))
    before = descriptors()
    loop.system.most_files = lambda: before + widen.SPARE + 8  # type: ignore[method-assign]
    with pytest.raises(OSError, match="Too many open files"):
        for number in range(100):
            logs.writer(f"u{number}", 4096, 1)
    assert 0 < descriptors() - before < 100
    for number in range(100):
        logs.drop(f"u{number}")


def test_terminals_of_units_leave_pm_some_descriptors(tmp_path: Path) -> None:
    loop = Loop(FakeSystem())
    terminals = Terminals(loop, ["false"], str(tmp_path))
    terminals._waiting = True  # no holder is started
    before = descriptors()
    loop.system.most_files = lambda: before + widen.SPARE + 8  # type: ignore[method-assign]
    with pytest.raises(SpawnError, match="terminal:EMFILE"):
        for number in range(100):
            os.close(terminals.open(f"u{number}", (24, 80), -1))
    assert terminals.units()
    for name in terminals.units():
        terminals.drop(name)
    assert descriptors() == before


def test_a_way_in_for_which_there_is_no_descriptor_is_a_start_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = Order(["true"], {}, {})
    monkeypatch.setattr("os.pipe", full)
    with pytest.raises(SpawnError, match="enter:EMFILE"):
        start(Loop.__new__(Loop), order)
