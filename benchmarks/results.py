"""RESULTS.md from what was measured. Pure, but for looking at this machine."""

from __future__ import annotations

import json
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
{promised(bars.of_fleet(figures))}
Files by their names alone; enve has its own `HOME`, `GNUPGHOME` and `ENVE_INVENTORY`:

{_commands(figures)}"""


def _commands(figures: Sequence[Figure]) -> str:
    works: dict[tuple[str, str], list[str]] = {}
    for one in figures:
        works.setdefault((one.tool, one.command), []).append(one.work)
    rows = ([tool, ", ".join(done), f"`{told}`"] for (tool, told), done in works.items())
    return table([["tool", "work", "command"], *rows])


def text(title: str, command: str, printed: str, told: str = "") -> str:
    """A section of a part that prints its own table; `told`: what to know of it."""
    return f"## {title}\n\n{told}`{command}`\n\n```\n{printed.rstrip()}\n```\n"


def section(title: str, command: str, printed: str, told: str) -> str:
    """A section of a part that prints Markdown."""
    return f"## {title}\n\n{told} `{command}` measures this alone.\n\n{printed.rstrip()}\n"


def failed(name: str, why: str) -> str:
    """The section of a part that could not be measured."""
    return f"## {name}\n\nNot measured: {why}\n"


def recorded(folder: Path) -> list[str]:
    """Sections of what was counted elsewhere and kept in a file: `folder`/NAME.json holds {"title",
    "told": some lines of Markdown, "rows": [[cell, ...], ...], the first one the header}."""
    files = sorted(folder.glob("*.json"))
    return [_recorded(json.loads(file.read_text())) for file in files]


def _recorded(kept: Mapping[str, Any]) -> str:
    rows = [[str(cell) for cell in row] for row in kept["rows"]]
    return f"## {kept['title']}\n\n{kept['told']}\n\n{table(rows)}"


def promised(found: Sequence[Bar], why: str = "") -> str:
    """The bars, and what stands behind those that were missed; `why`: behind all of these."""
    lines = bars.reasons(found, *(["the machine has a part in it, see below"] if why else []))
    missed = "".join(f"\n{line}\n" for line in [*lines, *([why] if why and lines else [])])
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
