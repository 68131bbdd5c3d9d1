"""Work that is killed (SIGKILL) at its Nth step on the file system, for every N."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

STEPS = (
    *("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"),
    *("os.chown", "os.utime", "os.truncate", "open", "subprocess.Popen", "os.fork"),
)


def at_every_step(work: Callable[[], object], every: int = 1) -> Iterator[int]:
    """`every`: how many steps lie between two that it is killed at. Gives N each time that `work`,
    done in a process of its own, was killed before step N; ends when it came to its end. Only
    that process's steps count, not those of its children."""
    for number in range(0, 10_000, every):
        pid = os.fork()
        if not pid:
            _doomed(work, number)
        status = os.waitpid(pid, 0)[1]
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
        yield number
    raise AssertionError("it does not end")


def _doomed(work: Callable[[], object], number: int) -> None:
    left = [number]
    me = os.getpid()

    def step(event: str, arguments: object) -> None:
        if event in STEPS and os.getpid() == me:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    try:
        sys.addaudithook(step)
        work()
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)
