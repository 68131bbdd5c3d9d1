"""A fork of pm does what would keep the loop waiting, and has nothing of pm's left but that."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.child import REMOTE

from enve_pm.shell.events.branch import MEMORY, branch, rows
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System

HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE)


def done(work: Callable[[], int], request: bytes = b"", quiet: bool = False) -> tuple[int, str]:
    """Exit status and output of a branch of a loop that listens. `quiet`: it is given no output."""
    before = {number: signal.getsignal(number) for number in HANDLED}
    loop = Loop(System())
    loop.signal(signal.SIGTERM, lambda: None)
    out = rows(b"")
    given = rows(request)
    try:
        branch(loop, {0: given} if quiet else {0: given, 1: out}, work, loop.stop)
        code = loop.run()
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(given)
    os.lseek(out, 0, os.SEEK_SET)
    text = os.read(out, 65536).decode()
    os.close(out)
    return code, text


def test_it_answers_with_its_exit_status_and_its_output() -> None:
    def work() -> int:
        os.write(1, os.read(0, 100).upper())
        return 7

    assert done(work, b"rows\n") == (7, "ROWS\n")


def test_a_mistake_ends_the_branch_alone(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", os.fdopen(2, "w", closefd=False))

    def work() -> int:
        raise KeyError("what is this")

    assert done(work) == (70, "")
    assert "KeyError: 'what is this'" in capfd.readouterr().err


def test_nothing_of_pm_is_left_in_it() -> None:
    secret = os.memfd_create("secret")

    def work() -> int:
        names = [int(link.name) for link in Path("/proc/self/fd").iterdir() if link.exists()]
        leads = os.getsid(0) == os.getpid()
        plain = all(signal.getsignal(number) == signal.SIG_DFL for number in HANDLED)
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        os.write(1, f"{sorted(names)} {leads} {plain} {masked}".encode())
        return 0

    assert done(work) == (0, "[0, 1, 2] True True set()")
    os.close(secret)


def test_what_it_reads_cannot_make_it_grow_without_end() -> None:
    def work() -> int:
        try:
            bytearray(MEMORY)
        except MemoryError:
            os.write(1, b"too much")
        return resource.getrlimit(resource.RLIMIT_CORE)[1]

    assert done(work) == (0, "too much")


def test_what_it_is_not_given_leads_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        return os.write(1, b"said")

    assert done(work, quiet=True) == (4, "")
    assert capfd.readouterr().out == ""


def test_a_signal_that_comes_while_it_begins_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends all that is below pm must not find one that took the signal for pm's."""
    fork = os.fork

    def forked() -> int:
        pid = fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return pid

    monkeypatch.setattr(os, "fork", forked)
    assert done(lambda: 0) == (-signal.SIGTERM, "")


def test_a_fork_that_fails_leaves_pm_its_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(BlockingIOError):
        done(lambda: 0)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_it_begins_below_a_lower_limit_too() -> None:
    """As a user whose shell allows less memory: nobody may raise a hard limit again."""
    script = f"""
import os, resource, sys
sys.path.insert(0, {str(REMOTE)!r})
from enve_pm.shell.events import branch
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
branch._be({{}}, lambda: resource.getrlimit(resource.RLIMIT_AS)[1] >> 20 & 127)
"""
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", script], check=False)
    assert ended.returncode == 400 & 127


def test_what_it_makes_and_drops_is_collected() -> None:
    def work() -> int:
        for _ in range(20_000):
            ring: list[object] = [bytearray(1 << 16)]
            ring.append(ring)
        return 0

    assert done(work) == (0, "")
