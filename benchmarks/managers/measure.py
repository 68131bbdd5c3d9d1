"""One manager, from its start to its end. Times in milliseconds, memory in MiB."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable

from benchmarks.managers import family
from benchmarks.managers.family import is_sleep
from benchmarks.managers.peer import Peer

DEADLINE = 120.0
SETTLED = 5.0  # seconds after the start
RESTARTS = 20
IDLE = 5.0  # seconds


def spin(check: Callable[[], object], what: str, pause: float = 0.0002) -> float:
    """Waits for it; the time when it was (ms). Raises TimeoutError."""
    end = time.monotonic() + DEADLINE
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {DEADLINE:.0f} s: {what}")
        time.sleep(pause)
    return now()


def now() -> float:
    """ms"""
    return time.monotonic() * 1000


def measure(peer: Peer) -> dict[str, object]:
    """All figures of it."""
    began = now()
    process = subprocess.Popen(
        peer.start,
        cwd=peer.folder,
        env=peer.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        found = _start(peer, process.pid, began)
        found.update(_life(peer, process.pid))
        found["stop_all_ms"] = _stop(peer, process)
        return found
    finally:
        end(process)


def _start(peer: Peer, pid: int, began: float) -> dict[str, object]:
    late = spin(lambda: len(family.sleeps(pid)) >= peer.units, "all run", 0.01) - began
    managers, _ = family.split(pid)
    spent = family.cpu(managers)
    time.sleep(SETTLED)
    return {
        "start_all_ms": round(late),
        "start_all_cpu_ms": round(spent),
        "processes": len(managers),
        "rss": round(family.rss(managers), 1),
        "pss": round(family.pss(managers), 1),
    }


def _life(peer: Peer, pid: int) -> dict[str, object]:
    managers, services = family.split(pid)
    times = [restart(victim) for victim in sorted(services)[:RESTARTS]]
    found: dict[str, object] = {"restart": quantiles(times)}
    found["restart_command_ms"] = round(command(peer, pid), 1)
    time.sleep(1)
    before = family.switches(managers)
    time.sleep(IDLE)
    found["idle_wakeups_per_s"] = (family.switches(managers) - before) / IDLE
    return found


def restart(victim: int) -> float:
    """From SIGKILL until another one is there."""
    above = family.parent(victim)
    before = family.children(above)
    began = now()
    os.kill(victim, signal.SIGKILL)
    late = spin(lambda: any(map(is_sleep, family.children(above) - before)), "a new one")
    time.sleep(0.3)
    return late - began


def command(peer: Peer, pid: int) -> float:
    """One `restart` by the peer's client, from its start until it has answered."""
    before = family.sleeps(pid)
    began = now()
    subprocess.run(peer.restart_one, capture_output=True, check=True, env=peer.environment())
    answered = now()
    spin(lambda: family.sleeps(pid) - before, "restarted")
    return answered - began


def _stop(peer: Peer, process: subprocess.Popen[bytes]) -> int:
    alive = family.sleeps(process.pid)
    began = now()
    process.send_signal(peer.stop)
    gone = spin(lambda: not any(map(is_sleep, alive)), "all stopped", 0.01)
    process.wait(DEADLINE)
    return round(gone - began)


def end(process: subprocess.Popen[bytes]) -> None:
    """Whatever went wrong, nothing of it stays."""
    if process.poll() is not None:
        return
    managers, services = family.split(process.pid)
    process.kill()
    process.wait(20)
    for pid in (managers | services) - {process.pid}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def quantiles(times: list[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(times), 2), "max": round(max(times), 2)}
