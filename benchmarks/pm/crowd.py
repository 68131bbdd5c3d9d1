"""Ten thousand units on one pm: it starts, lists, takes single commands and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from benchmarks.pm.manager import Pm, command, now, quantiles, spin
from benchmarks.pm.many import boot, every, idle

MANY = 10  # times as many as in the other parts
SINGLE = 20  # units that are commanded, and killed, one by one
# They say that they are there: to look for them among all children would take longer than a start.
TELLS = ["sh", "-c", "echo $$ >pid; exec sleep 100000"]


def crowd(pm: Pm, count: int) -> dict[str, object]:
    """`count`: of the other parts."""
    names = [f"u{number:05d}" for number in range(count * MANY)]
    for name in names[:SINGLE]:
        pm.define(name, command=TELLS, ready={"how": "wait", "ms": 0})
    for name in names[SINGLE:]:
        pm.define(name)
    return {
        "units": len(names),
        **boot(pm, len(names)),
        "fds": pm.fds(),
        "list_ms": quantiles([listed(pm, len(names)) for _ in range(5)])["p50"],
        "status_bytes": (pm.home / "public" / "status.json").stat().st_size,
        **idle(pm),
        "restart": quantiles([restart(pm, name) for name in names[:SINGLE]]),
        "stop_one": quantiles([ordered(pm, "stop", name) for name in names[:SINGLE]]),
        "start_one": quantiles([ordered(pm, "start", name) for name in names[:SINGLE]]),
        **every(pm, "stop", names, lambda: pm.sleeps() == 0),
        **every(pm, "start", names, lambda: pm.sleeps() >= len(names)),
        "rss_end": round(pm.rss(), 1),
        "shutdown_ms": shutdown(pm),
    }


def restart(pm: Pm, name: str) -> float:
    """ms from SIGKILL to a service until another one runs."""
    file = pm.home / "spots" / name / "pid"
    before = file.read_text()
    began = now()
    os.kill(int(before), signal.SIGKILL)
    late = spin(lambda: file.read_text() not in ("", before), f"{name} again") - began
    time.sleep(0.3)
    return late


def ordered(pm: Pm, verb: str, name: str) -> float:
    """ms from a command to its answer, which comes when it is done."""
    time.sleep(0.3)
    return pm.ask(verb, name)


def listed(pm: Pm, count: int) -> float:
    """ms that `pm list` takes."""
    began = now()
    words = [*pm.program, "list", "-o", "name", "--home", str(pm.home)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    late = now() - began
    assert len(done.stdout.splitlines()) == count
    return late


def shutdown(pm: Pm) -> int:
    """ms from SIGTERM to the end of the last process."""
    began, victims = now(), pm.children()
    pm.stop()
    spin(lambda: not any(map(command, victims)), "all gone", 0.01)
    return round(now() - began)
