"""pm whose watchdog has died ends everything itself: it waits for what may end in order, and for
nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.box import Box, line
from tests.support.forked import forked
from tests.support.wait import until

from enve_pm.shell.guard import subtree

pytestmark = pytest.mark.real
LONG = 60.0  # seconds: far more than it takes


def _quickly(work: Callable[[], object]) -> None:
    begun = time.monotonic()
    work()
    assert time.monotonic() - begun < LONG / 2


def _began(script: str) -> int:
    """A shell that has said that it is there."""
    child = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"there\n"
    return child.pid


def test_a_helper_that_ends_after_us_is_not_waited_for() -> None:
    def work() -> None:
        helper = _began("trap '' TERM; echo there; exec sleep 1000")
        _began("trap 'exit 0' TERM; echo there; while :; do sleep 0.01; done")
        _quickly(lambda: subtree.ask_all(LONG, [helper]))
        assert subtree.children(os.getpid()) == [helper]
        assert subtree.kill_all(LONG) == []

    forked(work)


# Asked to end, it begins another one; so we get that only when it is there.
FORKS = """
trap 'setsid sh -c "touch begun; sleep 1000" & until test -e begun; do sleep 0.01; done; exit' TERM
echo there
while :; do sleep 0.01; done
"""


def test_one_that_is_forked_meanwhile_is_asked_too(tmp_path: Path) -> None:
    def work() -> None:
        os.chdir(tmp_path)
        assert subtree.become_subreaper()
        _began(FORKS)
        _quickly(lambda: subtree.ask_all(LONG))
        assert subtree.children(os.getpid()) == []

    forked(work)


def test_last_words_are_in_the_log(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit' TERM; echo there; while :; do sleep 0.01; done"
    with Box(tmp_path) as box:
        box.load(line("web", command=["sh", "-c", script]))
        log = box.home / "log/web.log"
        until(lambda: log.exists() and log.read_text() == "there\n", "its first words")
        watchdog, pm = box.pids()
        ended = os.pidfd_open(pm)
        os.kill(watchdog, signal.SIGKILL)
        assert box.process is not None
        box.process.communicate(timeout=30)
        until(lambda: not box.inside(), "its end")
        _gone(ended)
        assert log.read_text().endswith("bye\n")
        box.start()


def _gone(pidfd: int) -> None:
    import select

    try:
        assert select.select([pidfd], [], [], LONG)[0]
    finally:
        os.close(pidfd)
