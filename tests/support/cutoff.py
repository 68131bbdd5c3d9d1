"""A piece of work that is killed before its n-th change of the disk, as by kill -9: in a child that
kills itself there. Nothing is rounded off: no handler runs, and locks go by the kernel's hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

CHANGES = (
    *("open", "write", "mkdir", "rmdir", "rename", "unlink", "link", "symlink", "chmod", "chown"),
    *("fchmod", "fchown", "ftruncate", "utime", "fsync", "makedirs"),
)


def killed(work: Callable[[], object], number: int) -> bool:
    """Whether it was killed; False where it has fewer changes and ended. Its errors are raised."""
    pid = os.fork()
    if pid == 0:
        _child(work, number)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work itself failed"
    return False


def every(work: Callable[[], object], start: Callable[[], object]) -> Iterator[int]:
    """Kill the work before each of its changes, each time from a fresh start; yields after each."""
    number = 0
    while True:
        start()
        if not killed(work, number):
            return
        yield number
        number += 1


def _child(work: Callable[[], object], number: int) -> None:
    status = 1
    try:
        left = [number]
        for name in CHANGES:
            setattr(os, name, _struck(getattr(os, name), left))
        work()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _struck(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def instead(*given: Any, **named: Any) -> Any:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return call(*given, **named)

    return instead
