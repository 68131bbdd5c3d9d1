"""Many units: boot, memory, idle, restarts, single commands, stop all, start all."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

from benchmarks.pm.manager import Pm, command, now, quantiles, spin, watched

LONG_RUN = 10.5  # seconds after which a restart is immediate
SINGLE = 50  # units that are commanded one by one


def measure(pm: Pm, count: int) -> dict[str, object]:
    """All of it, in this order: each step begins where the one before has ended."""
    names = [f"u{number:04d}" for number in range(count)]
    for name in names:
        pm.define(name)
    return {
        **boot(pm, count),
        **idle(pm),
        "restart": quantiles([restart(pm) for _ in range(min(100, count // 2))]),
        "stop_one": quantiles([stop(pm, name) for name in names[:SINGLE]]),
        "start_one": quantiles([start(pm, name) for name in names[:SINGLE]]),
        **every(pm, "stop", names, lambda: pm.sleeps() == 0),
        **every(pm, "start", names, lambda: pm.sleeps() >= count),
        "rss_end": round(pm.rss(), 1),
    }


def boot(pm: Pm, count: int) -> dict[str, object]:
    """pm begins with all of them on its disk, wanted up."""
    began = now()
    pm.start()
    late = spin(lambda: pm.sleeps() >= count, "all run", 0.002) - began
    _settled(pm)
    return {
        "boot_all_ms": round(late),
        "boot_cpu_ms": round(pm.cpu()),
        "rss": round(pm.rss(), 1),
        "pss_all": round(pm.pss(), 1),
        "processes": len(pm.family()),
    }


def _settled(pm: Pm) -> None:
    spin(lambda: len(pm.states()) == 1, "all have the same state", 0.05)
    time.sleep(0.5)  # the file of states is written a moment after


def idle(pm: Pm, seconds: int = 5) -> dict[str, object]:
    """How often pm wakes up with nothing to do."""
    time.sleep(LONG_RUN)
    before = pm.switches()
    time.sleep(seconds)
    return {"idle_wakeups_per_s": (pm.switches() - before) / seconds}


_killed: set[int] = set()


def restart(pm: Pm) -> float:
    """ms from SIGKILL to a service until there is another one."""
    _pause()
    before = pm.children()
    victim = next(pid for pid in sorted(before) if b"sleep" in command(pid) and pid not in _killed)
    began = now()
    os.kill(victim, signal.SIGKILL)
    late = spin(lambda: pm.children() - before, "a new one") - began
    _killed.update(pm.children() - before)
    return late


def _pause() -> None:
    """Each measurement meets a pm that has nothing left to do, at any point of its rounds."""
    time.sleep(random.uniform(0.15, 0.3))


def stop(pm: Pm, name: str) -> float:
    """ms from the command until the process is over."""
    _pause()
    with watched([pm.unit(name)["pid"]]) as left:
        began = now()
        pm.say("stop", name)
        return spin(lambda: not left(), f"stop {name}") - began


def start(pm: Pm, name: str) -> float:
    """ms from the command until there is a process."""
    _pause()
    before = pm.children()
    began = now()
    pm.say("start", name)
    return spin(lambda: pm.children() - before, f"start {name}") - began


def every(pm: Pm, verb: str, names: list[str], done: Callable[[], bool]) -> dict[str, object]:
    """All at once, by commands."""
    began, cpu = now(), pm.cpu()
    pm.say_all(verb, names)
    late = spin(done, f"{verb} all", 0.002) - began
    _settled(pm)
    return {f"{verb}_all_ms": round(late), f"{verb}_all_cpu_ms": round(pm.cpu() - cpu)}
