"""What the field's managers can't do: end with all that they started, and change their program."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path

from benchmarks.pm.manager import SLEEP, Pm, children, now, spin, watched

DAEMONS = 100  # units that leave a daemon of their own: two forks, a session of its own
BROOD = ["sh", "-c", "setsid sh -c 'setsid sleep 100000 & exit 0'; exec sleep 100000"]


def killed(pm: Pm, count: int) -> dict[str, object]:
    """SIGKILL to pm: when is the last of all descendants gone, daemons too?"""
    _widen()
    for number in range(count):
        pm.define(f"u{number:04d}", command=BROOD if number < DAEMONS else SLEEP)
    pm.start()
    spin(lambda: pm.sleeps() >= count + DAEMONS, "all run, daemons too", 0.05)
    victims = pm.children()
    with watched(victims) as left:
        began = now()
        os.kill(pm.pid, signal.SIGKILL)
        late = spin(lambda: not left(), "all ended", 0.0005) - began
    return {"victims": len(victims), "last_dead_ms": round(late, 1)}


def _widen() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def reexec(pm: Pm, count: int) -> dict[str, object]:
    """Two changes of program under all units. The first one alone: its CPU. In the second a client
    hardly pauses: the longest silence that it meets."""
    for number in range(count):
        pm.define(f"u{number:04d}")
    pm.start()
    spin(lambda: pm.sleeps() >= count, "all run", 0.01)
    time.sleep(1)
    before, cpu = pm.children(), pm.cpu()
    late = _change(pm, "second")
    spent = pm.cpu() - cpu
    times, over = [], threading.Event()
    client = threading.Thread(target=lambda: _busy(pm, times, over))
    client.start()
    _change(pm, "third")
    over.set()
    client.join()
    return {
        "reexec_ms": round(late, 1),
        "reexec_cpu_ms": round(spent, 1),
        "silence_ms": round(max(times), 1),
        "restarts": len(before - children(pm.pid)),
    }


def _change(pm: Pm, name: str) -> float:
    """ms until the new program answers."""
    answer, other = pm.home / "jobs" / name / "retcode", pm.install(name)
    with (pm.home / "input").open("w") as pipe:
        began = now()
        pipe.write(f"{name} reexec {other}\n")
        pipe.flush()
    late = spin(lambda: _said(answer), "the new program answers", 0.0005) - began
    assert _said(answer) == "0", "the new program was refused"
    return late


def _said(answer: Path) -> str:
    """Nothing while it is only begun."""
    return answer.read_text().strip() if answer.exists() else ""


def _busy(pm: Pm, times: list[float], over: threading.Event) -> None:
    """A client that starts what runs already, again and again; seldom enough that pm, which keeps
    the last 256 answers to clients, still has that of the change when it is looked for."""
    while not over.is_set():
        times.append(pm.ask("start", "u0000"))
        time.sleep(0.002)
