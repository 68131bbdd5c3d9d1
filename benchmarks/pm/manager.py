"""A pm of a throw-away HOME, and what the kernel says of it: nothing is taken from pm's own words.

Times are in milliseconds, memory in MiB.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.laid import PM, lay

SLEEP = ["sleep", "100000"]
DEADLINE = 120.0
LOOKS = 50


def now() -> float:
    """ms"""
    return time.monotonic() * 1000


def spin(check: Callable[[], object], what: str, pause: float = 0.0002) -> float:
    """Wait for it, and say when it was (ms). The pause leaves the processor to pm: the kernel
    likes to wake a process where its waker runs, which must not spin there."""
    end = now() + DEADLINE * 1000
    while not check():
        if now() > end:
            raise SystemExit(f"not within {DEADLINE:.0f} s: {what}")
        time.sleep(pause)
    return now()


def quantiles(times: list[float]) -> dict[str, float]:
    """p50 and p99, which of fewer than a hundred is the slowest."""
    times = sorted(times)
    return {
        "p50": round(statistics.median(times), 2),
        "p99": round(times[min(len(times) - 1, int(len(times) * 0.99))], 2),
    }


class Pm:
    """One pm. `process` is its watchdog, `pid` pm itself."""

    def __init__(self, home: Path, python: str, place: Path | None = None) -> None:
        self.home = home
        self.python = python
        self.place = place or self.install("first")
        self.pipe = home / "run" / "default.pipe"
        self.job = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def define(self, name: str, **line: object) -> None:
        """A unit that pm finds at its start."""
        folder = self.home / "units" / name
        folder.mkdir(parents=True, exist_ok=True)
        row = {"v": 1, "name": name, "command": SLEEP, **line}
        (folder / "parameter").write_text(json.dumps(row))

    def install(self, name: str) -> Path:
        """The program as deploy lays it down."""
        return lay(self.home / "lib" / name, self.python, PM)

    @property
    def program(self) -> list[str]:
        return [self.python, "-I", "-S", str(self.place / "enve_pm" / "__main__.py")]

    def start(self, script: str | None = None, *, pipe: bool = False) -> None:
        """Run watchdog and pm (or a script that is a pm) and wait until it listens; `pipe`: with
        the signed one too."""
        argv = [*self.program, "run", "--home", str(self.home)]
        if script:
            argv = [self.python, "-I", "-S", "-c", script]
        env = {**os.environ, "PMHOME": str(self.home)}
        if pipe:
            self.pipe.parent.mkdir(exist_ok=True)
            env["PMPIPE"] = str(self.pipe)
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

    # -- orders ------------------------------------------------------------------------------------
    def say(self, verb: str, *args: str) -> str:
        """One command into the pipe. Returns its job."""
        self.job += 1
        line = " ".join([f"b{self.job}", verb, *args]) + "\n"
        fd = os.open(self.home / "input", os.O_WRONLY)
        os.write(fd, line.encode())
        os.close(fd)
        return f"b{self.job}"

    def say_all(self, verb: str, names: list[str]) -> None:
        for first in range(0, len(names), 50):
            self.say(verb, *names[first : first + 50])

    def ask(self, verb: str, *args: str) -> float:
        """How long a command takes until it is answered."""
        began = now()
        answer = self.home / "jobs" / self.say(verb, *args) / "retcode"
        return spin(answer.exists, f"{verb} {args}") - began

    def pour(self, frames: bytes) -> None:
        """A signed stream into the other pipe."""
        with self.pipe.open("wb", buffering=0) as pipe:
            view = memoryview(frames)
            while view:
                view = view[pipe.write(view) :]

    # -- what is there -----------------------------------------------------------------------------
    def children(self) -> set[int]:
        return children(self.pid)

    def sleeps(self) -> int:
        """Children but for the logger."""
        return max(0, len(self.children()) - 1)

    def states(self) -> set[str]:
        return {row["state"] for row in self.units().values()}

    def unit(self, name: str) -> dict[str, Any]:
        return self.units()[name]

    def units(self) -> dict[str, dict[str, Any]]:
        """What a listing reads."""
        found: dict[str, dict[str, Any]] = json.loads(
            (self.home / "public" / "status.json").read_text()
        )["units"]
        return found

    def cpu(self) -> float:
        """ms that pm itself has been running on a processor."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e6

    def rss(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    def pss(self) -> float:
        """Of watchdog, pm and logger together."""
        return sum(_pss(pid) for pid in self.family())

    def family(self) -> set[int]:
        """Watchdog, pm and logger."""
        found = {self.pid, *(pid for pid in self.children() if b"_logger" in command(pid))}
        return found if self.process is None else {self.process.pid, *found}

    def switches(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    def fds(self) -> int:
        """How many stay open: the fewest of some looks, as those in use come and go."""
        return min(map(self._looked, range(LOOKS)))

    def _looked(self, _: int) -> int:
        time.sleep(0.001)
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def children(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return set(map(int, text.split()))


def command(pid: int) -> bytes:
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
def watched(pids: Iterable[int]) -> Iterator[Callable[[], int]]:
    """Ask how many of these have not ended: a pidfd can be read when its process is over."""
    poll, handles = select.poll(), [os.pidfd_open(pid) for pid in pids]
    for handle in handles:
        poll.register(handle, select.POLLIN)
    try:
        yield lambda: len(handles) - len(poll.poll(0))
    finally:
        for handle in handles:
            os.close(handle)


@contextmanager
def manager(
    folder: str | None = None, python: str = sys.executable, place: Path | None = None
) -> Iterator[Pm]:
    """A pm that is not started yet; gone with all that it had at the end. `place`: of a program
    that is installed already."""
    home = Path(tempfile.mkdtemp(prefix="pm-bench-", dir=folder))
    pm = Pm(home / "pm", python, place)
    try:
        yield pm
    finally:
        pm.stop()
        shutil.rmtree(home, ignore_errors=True)
