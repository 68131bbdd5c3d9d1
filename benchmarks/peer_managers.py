"""supervisord and circus beside pm: 1,000 `sleep`s each, seen from /proc like pm's own figures.

    python -m benchmarks.peer_managers [--units 1000] [--only supervisord|circus]

Times in milliseconds, memory in MiB. A peer's best settings: no waiting before a start counts as
good, output thrown away, restarts at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import peers

SLEEP = "/usr/bin/sleep 100000"
DEADLINE = 180.0
TICK = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found.update(map(int, task.read_text().split()))
    return found


def spin(check: Callable[[], object], what: str, pause: float = 0.0) -> float:
    """Waits for it; the time when it was (ms)."""
    end = time.monotonic() + DEADLINE
    while not check():
        if time.monotonic() > end:
            raise SystemExit(f"not within {DEADLINE:.0f} s: {what}")
        if pause:
            time.sleep(pause)
    return time.monotonic() * 1000


def status(pid: int, field: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(f"\n{field}:")[2].split()[0])


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICK


class Peer:
    """A manager in a folder: how it is started, asked to restart one service, and stopped."""

    name = ""
    start: list[str]
    restart_one: list[str]

    def __init__(self, folder: Path, units: int) -> None:
        self.folder = folder
        self.units = units

    def environment(self) -> dict[str, str]:
        return dict(os.environ)


class Supervisord(Peer):
    name = "supervisord"

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        config = folder / "supervisord.conf"
        config.write_text(
            f"[supervisord]\nnodaemon=true\nlogfile={folder}/log\npidfile={folder}/pid\n"
            f"minfds=10000\nchildlogdir={folder}\n"
            f"[unix_http_server]\nfile={folder}/sock\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory="
            "supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{folder}/sock\n"
            f"[program:u]\ncommand={SLEEP}\nnumprocs={units}\n"
            "process_name=%(process_num)04d\nstartsecs=0\nautorestart=true\n"
            "stdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
        bin_ = peers.environment()
        self.start = [str(bin_ / "supervisord"), "-c", str(config)]
        self.restart_one = [str(bin_ / "supervisorctl"), "-c", str(config), "restart", "u:0007"]


class Circus(Peer):
    name = "circus"

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        config = folder / "circus.ini"
        sockets = {name: f"ipc://{folder}/{name}" for name in ("endpoint", "pubsub")}
        config.write_text(
            f"[circus]\nendpoint = {sockets['endpoint']}\npubsub_endpoint = {sockets['pubsub']}\n"
            "check_delay = 1\nwarmup_delay = 0\n"
            + "".join(
                f"[watcher:u{i:04d}]\ncmd = {SLEEP}\nnumprocesses = 1\ngraceful_timeout = 1\n"
                for i in range(units)
            )
        )
        bin_ = peers.environment()
        self.start = [str(bin_ / "circusd"), str(config), "--log-level", "error"]
        ask = [str(bin_ / "circusctl"), "--endpoint", sockets["endpoint"], "--timeout", "60"]
        self.restart_one = [*ask, "restart", "u0007"]


def measure(peer: Peer) -> dict[str, object]:
    began = time.monotonic() * 1000
    process = subprocess.Popen(
        peer.start,
        cwd=peer.folder,
        env=peer.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    found: dict[str, object] = {}
    try:
        sleeping = spin(lambda: len(sleeps(process.pid)) >= peer.units, "all run", 0.01)
        found["start_all_ms"] = round(sleeping - began)
        found["start_all_cpu_ms"] = round(cpu(process.pid))
        time.sleep(5)
        found["rss"] = round(status(process.pid, "VmRSS") / 1024, 1)
        found["restart"] = quantiles([restart(process.pid) for _ in range(10)])
        found["restart_command_ms"] = round(command(peer, process.pid))
        before = status(process.pid, "voluntary_ctxt_switches")
        time.sleep(5)
        woken = status(process.pid, "voluntary_ctxt_switches") - before
        found["idle_wakeups_per_s"] = woken / 5
        began = time.monotonic() * 1000
        process.send_signal(signal.SIGTERM)
        alive = sleeps(process.pid)
        gone = spin(lambda: not any(is_sleep(pid) for pid in alive), "all stopped", 0.01)
        found["stop_all_ms"] = round(gone - began)
        process.wait(DEADLINE)
    finally:
        end(process)
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        left = sleeps(process.pid)
        process.kill()
        process.wait(20)
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def is_sleep(pid: int) -> bool:
    try:
        return b"sleep\x00100000" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def sleeps(pid: int) -> set[int]:
    return {child for child in children(pid) if is_sleep(child)}


def restart(pid: int) -> float:
    before = sleeps(pid)
    began = time.monotonic() * 1000
    os.kill(min(before), signal.SIGKILL)
    late = spin(lambda: any(is_sleep(new) for new in children(pid) - before), "a new one") - began
    time.sleep(0.3)
    return late


def command(peer: Peer, pid: int) -> float:
    """One `restart` by the peer's client, from its start until it has answered."""
    before = sleeps(pid)
    began = time.monotonic() * 1000
    subprocess.run(peer.restart_one, capture_output=True, check=True, env=peer.environment())
    spin(lambda: sleeps(pid) - before, "restarted")
    return time.monotonic() * 1000 - began


def quantiles(times: list[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(times), 1), "max": round(max(times), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--only", choices=["supervisord", "circus"])
    options = parser.parse_args()
    found = {}
    for kind in (Supervisord, Circus):
        if options.only in (None, kind.name):
            folder = Path(tempfile.mkdtemp(prefix="pm-peer-"))
            try:
                found[kind.name] = measure(kind(folder, options.units))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
