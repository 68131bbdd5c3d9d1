"""RESULTS.md from what was measured. Pure, but for looking at this machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import bars, peers
from benchmarks.bars import Bar
from benchmarks.costs import HEADER, Figure

BARS = ["figure", "bar", "measured", ""]
MANAGERS: Mapping[str, tuple[str, str]] = {  # row -> where pm's figures have it, and the peers'
    "resident memory, MiB": ("many rss", "rss"),
    "start all, ms": ("many boot_all_ms", "start_all_ms"),
    "manager's CPU for that, ms": ("many boot_cpu_ms", "start_all_cpu_ms"),
    "restart after SIGKILL, p50 ms": ("many restart p50", "restart p50"),
    "restart after SIGKILL, slowest (pm: p99) ms": ("many restart p99", "restart max"),
    "one command to its effect, ms": ("many start_one p50", "restart_command_ms"),
    "wakeups when idle, /s": ("many idle_wakeups_per_s", "idle_wakeups_per_s"),
    "stop all, ms": ("many stop_all_ms", "stop_all_ms"),
}


def table(rows: Iterable[Sequence[str]]) -> str:
    """Markdown; the first row is the header."""
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "".join("| " + " | ".join(row) + " |\n" for row in lines)


def machine() -> str:
    """Where this was measured."""
    model = next(iter(_lines("/proc/cpuinfo", "model name")), platform.processor())
    memory = int((_lines("/proc/meminfo", "MemTotal") or ["0 kB"])[0].split()[0]) >> 10
    return (
        f"{os.cpu_count()} x {model}, {memory} MiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def _lines(file: str, key: str) -> list[str]:
    try:
        rows = Path(file).read_text().splitlines()
    except OSError:
        return []
    return [row.partition(":")[2].strip() for row in rows if row.startswith(key)]


def versions(with_peers: bool) -> str:
    """Of everything that was measured."""
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.strip()
    found = [f"enve {version('enve-fleet')}", f"asyncssh {version('asyncssh')}", ssh]
    found += [f"{name} {number}" for name, number in peers.VERSIONS.items() if with_peers]
    return ", ".join(found)


def fleet(figures: Sequence[Figure], nodes: int) -> str:
    """The section of the fleet."""
    return f"""\
## {nodes} nodes over SSH

{nodes} OpenSSH servers on loopback addresses, each with its own host key and home. Everybody does
the same work on each: one directory, three config files made from templates, an artifact of 1 MiB,
one process that runs. The tools take turns, so that all meet the same load; each figure is the run
with the median wall. A first converge is one run: there is only one first time. Controller and
nodes share this machine's cores. CPU of a controller counts all its processes, memory its largest.
`python -m benchmarks.fleet --nodes {nodes}` measures this part alone.

{table([HEADER, *(one.row for one in figures)])}
{_bars(bars.of_fleet(figures))}
Files by their names alone; enve has its own `HOME`, `GNUPGHOME` and `ENVE_INVENTORY`:

{_commands(figures)}"""


def _commands(figures: Sequence[Figure]) -> str:
    works: dict[tuple[str, str], list[str]] = {}
    for one in figures:
        works.setdefault((one.tool, one.command), []).append(one.work)
    rows = ([tool, ", ".join(done), f"`{told}`"] for (tool, told), done in works.items())
    return table([["tool", "work", "command"], *rows])


def managers(pm: Mapping[str, Any], others: Mapping[str, Any], units: int) -> str:
    """The section of the process managers."""
    rows = [["", "pm", *others]]
    for what, (ours, theirs) in MANAGERS.items():
        cells = [bars.at(pm, ours), *(bars.at(one, theirs) for one in others.values())]
        rows.append([what, *("-" if cell is None else f"{cell:g}" for cell in cells)])
    return f"""\
## pm and other process managers, {units} services

Services are `sleep`s. Starts and ends are seen in /proc, memory and CPU are the kernel's counts.
`python -m benchmarks.pm --units {units}` measures pm, `python -m benchmarks.peer_managers
--units {units}` the others, at their best settings: no waiting before a start counts as good,
output thrown away, restarts at once. "One command" is for pm a line into its pipe until the process
is there, for the others `restart` by their client.

{table(rows)}
{_bars(bars.of_pm(pm))}"""


def text(title: str, command: str, printed: str, told: str = "") -> str:
    """A section of a part that prints its own table; `told`: what to know of it."""
    return f"## {title}\n\n{told}`{command}`\n\n```\n{printed.rstrip()}\n```\n"


def _bars(found: Sequence[Bar]) -> str:
    missed = "".join(f"\n{line}\n" for line in bars.reasons(found))
    return table([BARS, *(bar.row for bar in found)]) + missed


def page(sections: Sequence[str], *, with_peers: bool, load: Sequence[float], folder: str) -> str:
    """The whole file. `load`: the load average of a minute, before and after."""
    return "\n".join(
        [
            "# Results",
            "",
            f"Made by `make bench` (`{_command()}`).",
            f"Machine: {machine()}; load average {load[0]:.1f} before, {load[1]:.1f} after.",
            f"Files of nodes and managers lie in {folder} ({_file_system(folder)}).",
            f"Versions: {versions(with_peers)}.",
            "",
            *sections,
        ]
    )


def _file_system(folder: str) -> str:
    words = ["stat", "--file-system", "--format=%T", folder]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _command() -> str:
    return " ".join(["python -m benchmarks", *sys.argv[1:]])
