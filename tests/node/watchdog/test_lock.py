"""The lock of a HOME, and those who look who holds it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from enve_pm.hostinit import life
from enve_pm.shell.guard import lock

GONE = 2**22 + 1  # no process has this number


@contextmanager
def looking(home: Path) -> Iterator[int]:
    """Somebody who looks at this instant."""
    handle = os.open(home / lock.NAME, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        yield handle
    finally:
        os.close(handle)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / lock.NAME).write_text(f"{GONE}\n")
    return tmp_path


def test_who_looks_keeps_no_pm_from_starting(home: Path) -> None:
    with looking(home) as handle:
        later = threading.Timer(lock.INSTANT / 4, fcntl.flock, (handle, fcntl.LOCK_UN))
        later.start()
        held = lock.take(str(home))
        later.join()
    assert life.holder(str(home)) == os.getpid()
    with pytest.raises(lock.Held, match=str(os.getpid())):
        lock.take(str(home))
    os.close(held)
    assert life.holder(str(home)) == 0


def test_two_who_look_do_not_take_each_other_for_a_pm(home: Path) -> None:
    """The file still says the pid of one that is gone, which may be another process by now."""
    with looking(home):
        assert life.holder(str(home)) == 0
