"""The sections of RESULTS.md about process managers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import bars
from benchmarks.results import promised, table

# row -> where pm's figures have it, and the peers'
ROWS: Mapping[str, tuple[str, str]] = {
    "memory of all processes (PSS), MiB": ("many pss_all", "pss"),
    "resident memory, MiB": ("many rss", "rss"),
    "... of a pm after two signed streams, MiB": ("stream rss", ""),
    "start all, ms": ("many boot_all_ms", "start_all_ms"),
    "manager's CPU for that, ms": ("many boot_cpu_ms", "start_all_cpu_ms"),
    "restart after SIGKILL, p50 ms": ("many restart p50", "restart p50"),
    "restart after SIGKILL, slowest (pm: p99) ms": ("many restart p99", "restart max"),
    "one command to its effect, ms": ("many start_one p50", "restart_command_ms"),
    "the same by pm's client, ms": ("client client p50", "restart_command_ms"),
    "wakeups when idle, /s": ("many idle_wakeups_per_s", "idle_wakeups_per_s"),
    "stop all, ms": ("many stop_all_ms", "stop_all_ms"),
    "processes of the manager": ("many processes", "processes"),
}


def managers(pm: Mapping[str, Any], others: Mapping[str, Any], units: int) -> str:
    """pm beside the others, and against what is promised."""
    here = {name: one for name, one in others.items() if "missing" not in one}
    rows = [["", "pm", *(f"{name} {one.get('version', '')}".strip() for name, one in here.items())]]
    for what, (ours, theirs) in ROWS.items():
        own = bars.at(pm, ours)
        cells = [beside(own, bars.at(one, theirs)) for one in here.values()]
        rows.append([what, "-" if own is None else f"{own:g}", *cells])
    rows[1:1] = _bare(pm, len(here))
    return f"""\
## pm and other process managers, {units} services

Services are `sleep`s. Starts and ends are seen in /proc, memory and CPU are the kernel's counts, of
all processes that a manager has (of pm's resident memory and CPU: pm itself). In parentheses: how
many times what pm takes. `python -m benchmarks.pm --units {units}` measures pm,
`python -m benchmarks.managers --units {units}` the others, at their best settings: no waiting
before a start counts as good, no log, restarts at once. "One command" is for pm a line into its
pipe until the process is there, for the others `restart` by their client.

{table(rows)}{missing(others)}
{promised(bars.of_pm(pm), bars.slowness(pm))}"""


def _bare(pm: Mapping[str, Any], others: int) -> list[list[str]]:
    """The row of the machine itself."""
    late = bars.at(pm, "bare spawn_all_ms")
    if late is None:
        return []
    return [["start all by nothing but posix_spawn in a loop, ms", f"{late:g}", *["-"] * others]]


def beside(own: float | None, other: float | None) -> str:
    """A figure of another one, and how many times ours it is."""
    if other is None:
        return "-"
    return f"{other:g} ({other / own:.3g} x)" if own else f"{other:g}"


def missing(others: Mapping[str, Any]) -> str:
    """Those that could not be measured, and why."""
    gone = [(name, one["missing"]) for name, one in others.items() if "missing" in one]
    return "".join(f"\n{name} was not measured: {why}.\n" for name, why in gone)


def restarts(found: Mapping[str, Any]) -> str:
    """Memory over many restarts."""
    one = found["endure"]
    told = {
        "resident memory after the first 1,000, MiB": "rss_first",
        "... at the end": "rss_last",
        "... at most": "rss_most",
        "slope, MiB in 10,000 restarts": "slope",
        "more descriptors at the end": "fd_growth",
        "jobs kept on disk": "jobs",
    }
    rows = [["", "pm"], *([what, f"{one[key]:g}"] for what, key in told.items())]
    return f"""\
## {one["restarts"]:,} restarts on one pm

50 services are restarted together, again and again, by commands; memory and descriptors are looked
at 19 times. `python -m benchmarks.pm --only endure` measures this alone.

{table(rows)}
{promised(bars.of_pm(found))}"""


def crowd(found: Mapping[str, Any]) -> str:
    """Ten times as many units."""
    one = found["crowd"]
    told = [
        ("start all with pm, ms", "boot_all_ms"),
        ("CPU of pm for that, ms", "boot_cpu_ms"),
        ("resident memory of pm, MiB", "rss"),
        ("PSS of watchdog, pm and logger, MiB", "pss_all"),
        ("descriptors of pm", "fds"),
        ("`pm list`, ms", "list_ms"),
        ("what a listing reads, bytes", "status_bytes"),
        ("restart after SIGKILL, p50 ms", "restart p50"),
        ("stop one by command until it is answered, p50 ms", "stop_one p50"),
        ("start one by command until it is answered, p50 ms", "start_one p50"),
        ("wakeups when idle, /s", "idle_wakeups_per_s"),
        ("stop all by commands, ms", "stop_all_ms"),
        ("CPU of pm for that, ms", "stop_all_cpu_ms"),
        ("start all by commands, ms", "start_all_ms"),
        ("CPU of pm for that, ms", "start_all_cpu_ms"),
        ("resident memory of pm at the end, MiB", "rss_end"),
        ("pm ends with all of them, ms", "shutdown_ms"),
    ]
    figures = [(what, bars.at(one, key)) for what, key in told]
    cells = ([what, "-" if value is None else f"{value:g}"] for what, value in figures)
    return f"""\
## {one["units"]:,} services on one pm

The kernel copies pm's table of descriptors, one for each service, at each start: that is why a
start costs more here than among 1,000. `python -m benchmarks.pm --only crowd` measures this alone.

{table([["", "pm"], *cells])}"""
