"""pm's own figures on this machine, against the bars of its design: prints one JSON object.

    python benchmarks/node.py [--units 1000] [--only NAME] [--home DIR] [--python PATH]

Units are `sleep`s. Nothing is taken from what pm says about itself: starts and ends are seen in
/proc, memory and CPU are the kernel's counts. Times are in milliseconds, memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REMOTE = Path(__file__).parents[1] / "remote"
SLEEP = ["sleep", "100000"]
DEADLINE = 120.0
TICK = os.sysconf("SC_CLK_TCK")
LONG_RUN = 10.5  # seconds after which a restart is immediate


def now() -> float:
    """ms"""
    return time.monotonic() * 1000


def spin(check: Callable[[], object], what: str, pause: float = 0.0) -> float:
    """Wait for it, and say when it was (ms)."""
    end = now() + DEADLINE * 1000
    while not check():
        if now() > end:
            raise SystemExit(f"not within {DEADLINE:.0f} s: {what}")
        if pause:
            time.sleep(pause)
    return now()


class Pm:
    """A pm of a throw-away HOME, and what the kernel says of it."""

    def __init__(self, home: Path, python: str) -> None:
        self.home = home
        self.python = python
        self.job = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def define(self, name: str, **line: object) -> None:
        folder = self.home / "units" / name
        folder.mkdir(parents=True, exist_ok=True)
        row = {"v": 1, "name": name, "command": SLEEP, **line}
        (folder / "parameter").write_text(json.dumps(row))

    def start(self, script: str | None = None) -> None:
        """Run watchdog and pm (or a script that is a pm) and wait until it listens."""
        argv = [self.python, "-I", "-S"]
        argv += ["-c", script] if script else [str(REMOTE / "enve_pm"), "run"]
        argv += ["--home", str(self.home)] if not script else []
        env = {**os.environ, "PMHOME": str(self.home)}
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        status = self.home / "public" / "status.json"
        spin(status.exists, "pm is up", 0.001)
        self.pid = int(json.loads(status.read_text())["pid"])

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE)
            self.process = None

    def say(self, verb: str, *args: str) -> None:
        self.job += 1
        line = " ".join([f"b{self.job}", verb, *args]) + "\n"
        fd = os.open(self.home / "input", os.O_WRONLY)
        os.write(fd, line.encode())
        os.close(fd)

    def say_all(self, verb: str, names: list[str]) -> None:
        for first in range(0, len(names), 50):
            self.say(verb, *names[first : first + 50])

    def children(self) -> set[int]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return set(map(int, text.split()))

    def sleeps(self) -> int:
        """Children but for the logger."""
        return max(0, len(self.children()) - 1)

    def cpu(self) -> float:
        """ms of user and system time of pm itself."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICK

    def rss(self, pid: int) -> float:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    def pss(self) -> float:
        """Of watchdog, pm and logger together."""
        family = [self.pid]
        if self.process is not None:
            family.append(self.process.pid)
        family += [pid for pid in self.children() if b"_logger" in _cmdline(pid)]
        return sum(_pss(pid) for pid in set(family))

    def switches(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


def _cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _pss(pid: int) -> float:
    for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if row.startswith("Pss:"):
            return int(row.split()[1]) / 1024
    return 0.0


@contextmanager
def manager(options: argparse.Namespace) -> Iterator[Pm]:
    home = Path(tempfile.mkdtemp(prefix="pm-bench-", dir=options.home))
    pm = Pm(home / "pm", options.python)
    try:
        yield pm
    finally:
        pm.stop()
        shutil.rmtree(home, ignore_errors=True)


def quantiles(times: list[float]) -> dict[str, float]:
    times = sorted(times)
    return {
        "p50": round(statistics.median(times), 2),
        "p99": round(times[min(len(times) - 1, int(len(times) * 0.99))], 2),
    }


def many(pm: Pm, names: list[str]) -> dict[str, object]:
    """Boot with all, memory, idle, restarts, single commands, stop and start all."""
    for name in names:
        pm.define(name)
    began = now()
    pm.start()
    found: dict[str, object] = {}
    found["boot_all_ms"] = round(spin(lambda: pm.sleeps() >= len(names), "all run", 0.002) - began)
    spin(lambda: _states(pm) == {"RUNNING"}, "all RUNNING", 0.05)
    time.sleep(0.5)
    found["boot_cpu_ms"] = round(pm.cpu())
    found["rss"] = round(pm.rss(pm.pid), 1)
    found["pss_all"] = round(pm.pss(), 1)
    time.sleep(LONG_RUN)
    before = pm.switches()
    time.sleep(5)
    found["idle_wakeups_per_s"] = (pm.switches() - before) / 5
    found["restart"] = quantiles([_restart(pm) for _ in range(min(100, len(names) // 2))])
    found["stop_one"] = quantiles([_stop_one(pm, name) for name in names[:50]])
    found["start_one"] = quantiles([_start_one(pm, name) for name in names[:50]])
    began, cpu = now(), pm.cpu()
    pm.say_all("stop", names)
    found["stop_all_ms"] = round(spin(lambda: pm.sleeps() == 0, "all stopped", 0.002) - began)
    found["stop_all_cpu_ms"] = round(pm.cpu() - cpu, 1)
    time.sleep(1)
    began, cpu = now(), pm.cpu()
    pm.say_all("start", names)
    found["start_all_ms"] = round(spin(lambda: pm.sleeps() >= len(names), "all", 0.002) - began)
    spin(lambda: _states(pm) == {"RUNNING"}, "all RUNNING", 0.05)
    time.sleep(0.5)
    found["start_all_cpu_ms"] = round(pm.cpu() - cpu)
    found["rss_end"] = round(pm.rss(pm.pid), 1)
    return found


def _states(pm: Pm) -> set[str]:
    units = json.loads((pm.home / "public" / "status.json").read_text())["units"]
    return {row["state"] for row in units.values()}


_killed: set[int] = set()


def _restart(pm: Pm) -> float:
    before = pm.children()
    victim = next(pid for pid in sorted(before) if b"sleep" in _cmdline(pid) and pid not in _killed)
    began = now()
    os.kill(victim, signal.SIGKILL)
    late = spin(lambda: pm.children() - before, "a new one") - began
    _killed.update(pm.children() - before)
    return late


def _stop_one(pm: Pm, name: str) -> float:
    count = len(pm.children())
    began = now()
    pm.say("stop", name)
    return spin(lambda: len(pm.children()) < count, "one less") - began


def _start_one(pm: Pm, name: str) -> float:
    count = len(pm.children())
    began = now()
    pm.say("start", name)
    return spin(lambda: len(pm.children()) > count, "one more") - began


STORM = """
import os, sys
sys.path.insert(0, {remote!r})
from enve_pm.app import Pm
from enve_pm.core.machine import Machine
from enve_pm.core.timing import Timing
from enve_pm.shell import pipes
home = os.environ["PMHOME"]
os.makedirs(home, 0o700, exist_ok=True)
pm = Pm(home, pipes.open_input(home))
pm.engine.machine = Machine(Timing(backoff=0))
pm.start()
sys.exit(pm.run())
"""


def storm(pm: Pm, seconds: float = 5.0) -> dict[str, object]:
    """Ten services that end at once, restarted without delay."""
    for number in range(10):
        pm.define(f"crash{number}", command=["true"])
    pm.start(STORM.format(remote=str(REMOTE)))
    time.sleep(1)
    memory, fds = pm.rss(pm.pid), _fds(pm.pid)
    begin, began, cpu = _starts(pm), now(), pm.cpu()
    time.sleep(seconds)
    spent = (now() - began) / 1000
    return {
        "starts_per_s": round((_starts(pm) - begin) / spent),
        "cpu_ms_per_s": round((pm.cpu() - cpu) / spent),
        "rss_growth": round(pm.rss(pm.pid) - memory, 2),
        "fd_growth": _fds(pm.pid) - fds,
    }


def _starts(pm: Pm) -> int:
    """The number in the newest job id counts every start."""
    return max(int(path.name.rpartition("-")[2]) for path in (pm.home / "jobs").iterdir())


def _fds(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def flood(pm: Pm, size: int = 1 << 30) -> dict[str, object]:
    """1 GB of output, rotated, while single commands come."""
    pm.define(
        "flood",
        command=["sh", "-c", f"exec head -c {size} /dev/zero"],
        restart="never",
        want="down",
    )
    pm.define("other", want="down", ready={"how": "wait", "ms": 0})
    pm.start()
    time.sleep(1)
    began = now()
    pm.say("start", "flood")
    spin(lambda: _runs(pm, b"head"), "the flood begins")
    times = []
    while _runs(pm, b"head"):
        times.append(_command(pm, "other", "start"))
        times.append(_command(pm, "other", "stop"))
    return {"flood_ms": round(now() - began), "commands": len(times), **quantiles(times)}


def _runs(pm: Pm, program: bytes) -> bool:
    return any(_cmdline(pid).startswith(program) for pid in pm.children())


def _command(pm: Pm, name: str, verb: str) -> float:
    began = now()
    pm.say(verb, name)
    answer = pm.home / "jobs" / f"b{pm.job}" / "retcode"
    return spin(answer.exists, f"{verb} {name}", 0.0002) - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--only", choices=["many", "storm", "flood"])
    parser.add_argument("--home", help="folder for the throw-away HOMEs")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    found: dict[str, object] = {"python": options.python, "kernel": platform.release()}
    names = [f"u{number:04d}" for number in range(options.units)]
    parts: dict[str, Callable[[Pm], dict[str, object]]] = {
        "many": lambda pm: many(pm, names),
        "storm": storm,
        "flood": flood,
    }
    for name, part in parts.items():
        if options.only in (None, name):
            with manager(options) as pm:
                found[name] = part(pm)
                print(name, found[name], file=sys.stderr, flush=True)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
