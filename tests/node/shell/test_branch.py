"""A fork of pm does what would keep the loop waiting, and has nothing of pm's left but that."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from enve_pm.shell.branch import MEMORY, branch, rows
from enve_pm.shell.loop import Loop
from enve_pm.shell.system import System

HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE)


def done(work: Callable[[], int], request: bytes = b"") -> tuple[int, str]:
    """Exit status and output of a branch of a loop that listens."""
    before = {number: signal.getsignal(number) for number in HANDLED}
    loop = Loop(System())
    loop.signal(signal.SIGTERM, lambda: None)
    out = rows(b"")
    given = rows(request)
    try:
        branch(loop, {0: given, 1: out}, work, loop.stop)
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
