"""Services that end at once, and one that floods its log."""

from __future__ import annotations

import time

from benchmarks.pm.manager import Pm, command, now, quantiles, spin

STORM = """
import os, sys
sys.path.insert(0, {remote!r})
from enve_pm.app import Pm
from enve_pm.core.machine import Machine
from enve_pm.core.timing import Timing
from enve_pm.shell.events import pipes
home = os.environ["PMHOME"]
os.makedirs(home, 0o700, exist_ok=True)
pm = Pm(home, pipes.open_input(home))
pm.engine.machine = Machine(Timing(backoff=0))
pm.start()
sys.exit(pm.run())
"""


def storm(pm: Pm, _: int, seconds: float = 5.0) -> dict[str, object]:
    """Ten services that end at once, restarted without delay."""
    for number in range(10):
        pm.define(f"crash{number}", command=["true"])
    pm.start(STORM.format(remote=str(pm.place)))
    time.sleep(1)
    memory, fds = pm.rss(), pm.fds()
    begin, began, cpu = _starts(pm), now(), pm.cpu()
    time.sleep(seconds)
    spent = (now() - began) / 1000
    return {
        "starts_per_s": round((_starts(pm) - begin) / spent),
        "cpu_ms_per_s": round((pm.cpu() - cpu) / spent),
        "rss_growth": round(pm.rss() - memory, 2),
        "fd_growth": pm.fds() - fds,
    }


def _starts(pm: Pm) -> int:
    """The number in the newest job id, which is STEM-NUMBER-SECRET, counts every start."""
    return max(int(path.name.split("-")[1]) for path in (pm.home / "jobs").iterdir())


def flood(pm: Pm, _: int, size: int = 1 << 30) -> dict[str, object]:
    """1 GB of output, rotated, while single commands come."""
    flood = ["sh", "-c", f"exec head -c {size} /dev/zero"]
    pm.define("flood", command=flood, restart="never", want="down")
    pm.define("other", want="down", ready={"how": "wait", "ms": 0})
    pm.start()
    time.sleep(1)
    began = now()
    pm.say("start", "flood")
    spin(lambda: _runs(pm, b"head"), "the flood begins")
    times = []
    while _runs(pm, b"head"):
        times += [pm.ask("start", "other"), pm.ask("stop", "other")]
    return {"flood_ms": round(now() - began), "commands": len(times), **quantiles(times)}


def _runs(pm: Pm, program: bytes) -> bool:
    return any(command(pid).startswith(program) for pid in pm.children())
