"""What the machine takes with no manager at all: without it, a figure in milliseconds says as much
of the machine as of the manager.
"""

from __future__ import annotations

import os
import signal

from benchmarks.pm.manager import SLEEP, Pm, now, quantiles

PYTHONS = 20


def measure(pm: Pm, count: int) -> dict[str, object]:
    """{ms of `count` services by nothing but posix_spawn, one after the other; the same for each
    one; ms from a start of pm's Python to its end}."""
    began = now()
    pids = [os.posix_spawnp(SLEEP[0], SLEEP, os.environ) for _ in range(count)]
    late = now() - began
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return {
        "spawn_all_ms": round(late),
        "spawn_ms": round(late / count, 2),
        "python": quantiles([_python(pm.python) for _ in range(PYTHONS)]),
    }


def _python(path: str) -> float:
    began = now()
    os.waitpid(os.posix_spawn(path, [path, "-I", "-S", "-c", ""], os.environ), 0)
    return now() - began
