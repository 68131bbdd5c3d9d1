"""What a command costs: wall, CPU and memory of the controller, CPU of the nodes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.costs import Cost


class NodeMeter:
    """CPU seconds of everything that runs on the nodes: their servers are put in one cgroup."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        for top, usage in (("cpuacct", "cpuacct.usage"), ("unified", "cpu.stat"), ("", "cpu.stat")):
            folder = Path("/sys/fs/cgroup") / top / f"enve-bench-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            if (folder / usage).exists():
                self.folder, self.usage = folder, usage
                return
            folder.rmdir()

    def add(self, pid: int) -> None:
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(pid))

    def seconds(self) -> float | None:
        if not self.folder:
            return None
        text = (self.folder / self.usage).read_text()
        if self.usage == "cpuacct.usage":
            return int(text) / 1e9
        rows = dict(line.split() for line in text.splitlines())
        return int(rows["usage_usec"]) / 1e6

    def close(self) -> None:
        if self.folder:
            self.folder.rmdir()


def run(
    command: Sequence[str], env: Mapping[str, str], nodes: NodeMeter, cwd: Path | None = None
) -> Cost:
    """Runs the command to its end and measures it with everything that it started here."""
    before = nodes.seconds()
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    after = nodes.seconds()
    return Cost(
        wall,
        usage.ru_utime + usage.ru_stime,
        after - before if before is not None and after is not None else None,
        usage.ru_maxrss / 1024,
        process.returncode,
        output,
    )
